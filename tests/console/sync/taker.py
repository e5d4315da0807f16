"""One of several processes that take in the same deliveries at once: `taker.py FILE SEED`. It says `ready`, waits for a
line, and prints what it was answered."""

import json
import random
import sys
from pathlib import Path

import django

BATCH = 5


def main(given: str, seed: str) -> None:
    django.setup()
    from django.test import Client

    from console.sync import inbox

    told, luck, client = json.loads(Path(given).read_text()), random.Random(seed), Client(SERVER_NAME="localhost")
    luck.shuffle(told)
    client.get("/healthz")  # loads what a first request loads, so that all begin at once
    print("ready", flush=True)
    sys.stdin.readline()
    answers, new, drained = [], 0, 0
    for raw, headers in told:
        answer = client.post("/webhooks/codego/", raw, content_type="application/json", headers=headers)
        answers.append(answer.status_code)
        new += not answer.json()["duplicate"]
        if luck.random() < 0.5:
            drained += inbox.drain(BATCH)
    while some := inbox.drain(BATCH):
        drained += some
    print(json.dumps({"answers": answers, "new": new, "drained": drained}))


if __name__ == "__main__":
    main(*sys.argv[1:])
