"""requests and httpx with the emulator, unmodified.

Reads a job from standard input and prints a response for each request, both in
JSON. The argument names the library.
"""

import json
import sys
import time


def with_requests(digest):
    import requests
    from requests.auth import HTTPDigestAuth

    client = requests.Session()
    client.trust_env = False
    if digest:
        client.auth = HTTPDigestAuth(digest["public_key"], digest["private_key"])
    return client, "data"


def with_httpx(digest):
    import httpx

    client = httpx.Client(trust_env=False)
    if digest:
        client.auth = httpx.DigestAuth(digest["public_key"], digest["private_key"])
    return client, "content"


def result(response):
    try:
        body = response.json()
    except ValueError:
        body = None
    return {
        "status": response.status_code,
        "media_type": response.headers.get("content-type"),
        "error_code": response.headers.get("x-error-code"),
        "body": body,
    }


def run(job, start):
    auth = job["auth"]
    client, body = start(auth.get("digest"))
    headers = {}
    account = auth.get("service_account")
    if account:
        token = client.post(
            job["base_url"] + "/api/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(account["client_id"], account["client_secret"]),
        )
        if token.status_code != 200:
            return [result(token) for _ in job["requests"]]
        headers["authorization"] = "Bearer " + token.json()["access_token"]

    results = []
    for request in job["requests"]:
        if results:
            time.sleep(job["pause"])
        headers["accept"] = request["accept"]
        content = {}
        headers.pop("content-type", None)
        if request["body"]:
            headers["content-type"] = request["content_type"]
            content[body] = request["body"]
        response = client.request(
            request["method"],
            job["base_url"] + request["path"],
            headers=headers,
            **content,
        )
        results.append(result(response))
    return results


def main():
    start = {"requests": with_requests, "httpx": with_httpx}[sys.argv[1]]
    print(json.dumps(run(json.load(sys.stdin), start)))


main()
