"""What schemathesis is told of the emulator, and is not in the documents."""

import json
import os
import random

import schemathesis
from requests.auth import HTTPDigestAuth

known = json.loads(os.environ["EMULATOR"])
chance = random.Random(1)

schemathesis.auth.set_from_requests(
    HTTPDigestAuth(known["public_key"], known["private_key"])
)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Ids that are there, most of the time: random ones would all be unknown."""
    if path_parameters is None or chance.random() < 0.2:
        return path_parameters
    return {
        name: known["ids"].get(name, value) for name, value in path_parameters.items()
    }


@schemathesis.hook
def before_call(context, case, kwargs):
    """The version asked for, which is no parameter of the documents; where input
    may be wrong, now and then one that there never was."""
    accept = known["accept"]
    may_be_wrong = case.meta and case.meta.generation.mode.is_negative
    if may_be_wrong and "vnd" in accept and chance.random() < 0.1:
        accept = "application/vnd.atlas.2020-01-01+json"
    case.headers["Accept"] = accept


@schemathesis.hook
def after_call(context, case, response):
    """Opens an envelope, so that its content is checked like any other answer."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return
    if isinstance(body, dict) and body.keys() == {"status", "content"}:
        response.status_code = body["status"]
        response.content = json.dumps(body["content"]).encode()
