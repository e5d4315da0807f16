"""The options of the sandbox's two commands; SANDBOX_* variables are their defaults."""

import argparse
import os
from pathlib import Path
from typing import Any

from console.sandbox.provider import Options
from console.sandbox.world import SIZES


def add_to(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get
    add = parser.add_argument
    add("--port", type=int, default=int(default("SANDBOX_PORT") or 8001), help="0 takes any free port")
    add("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    add("--database", default="var/sandbox.sqlite3", metavar="FILE", help="where the world is kept, or :memory:")
    add("--seed", type=int, default=int(default("SANDBOX_SEED") or 1), help="same seed, same world")
    add("--size", choices=list(SIZES), default=default("SANDBOX_SIZE") or "demo", help="of a new world")
    add("--base-date", default="", metavar="INSTANT", help="the new world's present (default: this hour)")
    add("--rate", type=float, default=float(default("SANDBOX_RATE") or 50), help="requests allowed per second")
    add("--webhook-url", default=default("SANDBOX_WEBHOOK_URL", ""))
    add("--webhook-secret", default=default("SANDBOX_WEBHOOK_SECRET", ""))
    add("--api-key", default=default("SANDBOX_API_KEY", ""))
    add("--private-key", default="", metavar="FILE", help="RSA key of the secrets flow (default: made once)")


def read(given: dict[str, Any]) -> Options:
    chosen = {name: given[name] for name in Options.__dataclass_fields__ if name in given}
    if chosen.get("private_key"):
        chosen["private_key"] = Path(chosen["private_key"]).read_text()
    return Options(**chosen)
