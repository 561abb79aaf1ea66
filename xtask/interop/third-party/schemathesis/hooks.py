"""What the documents do not tell schemathesis about the emulator."""

import json
import os
import random

import requests
import schemathesis
from requests.auth import HTTPDigestAuth

settings = json.loads(os.environ["EMULATOR"])
rng = random.Random(1)

session = requests.Session()
session.trust_env = False
session.auth = HTTPDigestAuth(settings["user"], settings["password"])
session.headers["Accept"] = settings["accept"]

schemathesis.auth.set_from_requests(session.auth)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Mostly uses ids that exist, because random ones never do."""
    if path_parameters is None or rng.random() < 0.2:
        return path_parameters
    return {
        name: settings["ids"].get(name, value) for name, value in path_parameters.items()
    }


def post(path, body):
    return session.post(settings["url"] + path.format(**settings["ids"]), json=body)


def prepare(case):
    """Creates what a deletion is about, so that there is something to delete."""
    if case.method != "DELETE":
        return
    if case.path.endswith("/accessList/{ipAddress}"):
        path = "/orgs/{orgId}/apiKeys/{apiUserId}/accessList"
        post(path, [{"ipAddress": settings["ids"]["ipAddress"]}])
    elif case.path_parameters.get("apiUserId") == settings["ids"]["apiUserId"]:
        key = {"desc": "to be deleted", "roles": ["GROUP_READ_ONLY"]}
        created = post("/groups/{groupId}/apiKeys", key).json()
        case.path_parameters["apiUserId"] = created["id"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sets the version, which the documents do not describe as a parameter. If input
    may be invalid, sometimes uses a version that never existed."""
    prepare(case)
    accept = settings["accept"]
    may_be_invalid = case.meta and case.meta.generation.mode.is_negative
    if may_be_invalid and "vnd" in accept and rng.random() < 0.1:
        accept = "application/vnd.atlas.2020-01-01+json"
    case.headers["Accept"] = accept


@schemathesis.hook
def after_call(context, case, response):
    """Opens an envelope, so that its content is checked like any other response."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return
    if isinstance(body, dict) and body.keys() == {"status", "content"}:
        response.status_code = body["status"]
        response.content = json.dumps(body["content"]).encode()
