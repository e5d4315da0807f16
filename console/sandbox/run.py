"""Runs the sandbox until it is told to stop."""

import logging
import signal
import sys
import threading
from typing import Any

from console.sandbox import kyc, money, options, world
from console.sandbox.provider import Options, Provider
from console.sandbox.server import Server

logger = logging.getLogger(__name__)

TICK_S, HOUSEKEEPING_TICKS = 0.2, 300


def serve(chosen: Options) -> None:
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    provider = Provider(chosen)
    world.ensure(provider)
    server = Server(provider)
    provider.webhooks.start()
    for work in (lambda: server.serve_forever(poll_interval=0.1), lambda: _keep_time(provider, stopping)):
        threading.Thread(target=work, daemon=True).start()
    sys.stdout.write(f"{server.ready_line()}\n")
    sys.stdout.flush()
    stopping.wait()
    server.shutdown()
    server.server_close()
    provider.webhooks.stop()
    provider.store.close()


def _keep_time(provider: Provider, stopping: threading.Event) -> None:
    """Reviews end and stale authorisations close without anybody asking."""
    tick = 0
    while not stopping.wait(TICK_S):
        try:
            kyc.resolve_due(provider)
            if tick % HOUSEKEEPING_TICKS == 0:
                money.close_stale(provider)
        except Exception:
            if not stopping.is_set():
                logger.exception("the sandbox's clock stumbled")
        tick += 1


def main(arguments: dict[str, Any]) -> int:
    try:
        serve(options.read(arguments))
    except (OSError, ValueError, TypeError) as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return 2
    return 0
