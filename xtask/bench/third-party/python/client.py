"""Two clients of the benchmark: requests on threads and httpx on asyncio.

Reads a job from standard input and prints a sample, both in JSON. The argument
names the library.
"""

import asyncio
import itertools
import json
import resource
import statistics
import sys
import threading
import time


class Run:
    def __init__(self, job):
        self.next = itertools.count()
        self.updates = job["updates"]
        self.times = []
        self.failures = 0
        self.cpu = cpu_seconds()
        self.start = time.perf_counter()

    def has_more(self):
        return next(self.next) < self.updates

    def record(self, start, failure):
        self.times.append(time.perf_counter() - start)
        if failure:
            self.failures += 1
            if self.failures == 1:
                print("  first failure:", failure, file=sys.stderr)

    def sample(self):
        return {
            "seconds": time.perf_counter() - self.start,
            "p50": statistics.median(self.times),
            "cpu_seconds": cpu_seconds() - self.cpu,
            "failures": self.failures,
        }


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def headers(job):
    return {"accept": job["media_type"], "content-type": job["media_type"]}


def with_requests(job):
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import HTTPDigestAuth

    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=job["concurrency"]))
    session.auth = HTTPDigestAuth(job["public_key"], job["private_key"])
    session.headers.update(headers(job))
    update = json.loads(job["body"])
    run = Run(job)

    def work():
        while run.has_more():
            start = time.perf_counter()
            failure = None
            try:
                response = session.patch(job["url"], json=update)
                if response.status_code != 200:
                    failure = response.status_code
                response.json()
            except requests.RequestException as error:
                failure = error
            run.record(start, failure)

    threads = [threading.Thread(target=work) for _ in range(job["concurrency"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return run.sample()


async def with_httpx(job):
    import httpx

    auth = httpx.DigestAuth(job["public_key"], job["private_key"])
    async with httpx.AsyncClient(auth=auth, headers=headers(job), timeout=60) as client:
        update = json.loads(job["body"])
        run = Run(job)

        async def work():
            while run.has_more():
                start = time.perf_counter()
                failure = None
                try:
                    response = await client.patch(job["url"], json=update)
                    if response.status_code != 200:
                        failure = response.status_code
                    response.json()
                except (httpx.HTTPError, ValueError) as error:
                    failure = repr(error)
                run.record(start, failure)

        await asyncio.gather(*(work() for _ in range(job["concurrency"])))
        return run.sample()


def main():
    job = json.load(sys.stdin)
    if sys.argv[1] == "httpx":
        sample = asyncio.run(with_httpx(job))
    else:
        sample = with_requests(job)
    print(json.dumps(sample))


main()
