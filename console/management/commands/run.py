"""`manage.py run`, behind `make run`: prepares the local world, then keeps console, worker and sandbox alive."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from console.access import SYSTEM, Role
from console.branding import brand
from console.sync import runs
from console.sync.models import Cursor

PAUSE = 1.0  # seconds before a dead child is started again, doubled up to MOST
MOST = 30.0
READY = 120.0


class Child:
    """One long-running process that is started again whenever it ends."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name, self.command, self.environment = name, command, environment
        self.pause, self.again_at = PAUSE, 0.0
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, stdout: Any = None) -> subprocess.Popen[str]:
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            self.command, env=self.environment, stdout=stdout, text=True, start_new_session=True
        )
        return self.process

    def tend(self) -> None:
        """Starts it again if it died: at once after a long life, later after a short one."""
        now = time.monotonic()
        if self.process and self.process.poll() is not None:
            if now - self.started > MOST:
                self.pause = PAUSE
            print(f"{self.name} ended with {self.process.returncode}; again in {self.pause:.0f} s", file=sys.stderr)
            self.process, self.again_at, self.pause = None, now + self.pause, min(self.pause * 2, MOST)
        if self.process is None and now >= self.again_at:
            self.start(stdout=subprocess.DEVNULL if self.name == "sandbox" else None)

    def stop(self, how: int) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)


class Command(BaseCommand):
    help = "Runs the console, its worker and, without CODEGO_API_KEY, a local provider sandbox."
    requires_system_checks: list[str] = []  # noqa: RUF012 - checked in the children's environment, once it is known

    def handle(self, **_: Any) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):  # the second is ignored in what a shell starts in the background
            signal.signal(name, signal.default_int_handler)
        os.umask(0o077)  # database, reports and keys are nobody else's on this machine
        _refuse_taken(settings.PORT, "PORT")
        environment = os.environ | {"SECRET_KEY": _secret_key(), "C_FORCE_ROOT": "1", "PYTHONUNBUFFERED": "1"}
        children: list[Child] = []
        try:
            if not settings.CODEGO_API_KEY:
                children.append(_sandbox(environment))
            self._prepare(environment)
            children += [_web(environment), _worker(environment)]
            for child in children[-2:]:
                child.start()
            self._greet(children)
            while True:
                time.sleep(0.5)
                for child in children:
                    child.tend()
        except KeyboardInterrupt:
            print("Stopping …", file=sys.stderr)
        finally:
            _stop(children)

    def _prepare(self, environment: dict[str, str]) -> None:
        print("Preparing the database and static files …", file=sys.stderr)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        check = [sys.executable, "manage.py", "check", "--database", "default"]
        if subprocess.call(check, env=environment, cwd=settings.ROOT, stdout=subprocess.DEVNULL):  # noqa: S603
            sys.exit(2)
        if settings.CODEGO_ENVIRONMENT == "sandbox":
            _demo_staff()
        if not Cursor.objects.exists():
            runs.start("import")

    def _greet(self, children: list[Child]) -> None:
        _wait_until_ready(children)
        lines = ["", f"  {brand().name} is at {settings.PUBLIC_URL}", ""]
        if settings.CODEGO_ENVIRONMENT == "sandbox":
            lines += [f"    {role.value}@demo.test  password {settings.DEMO_PASSWORD}" for role in Role]
        if children[0].name == "sandbox":
            lines += ["", f"  Provider sandbox: http://localhost:{_sandbox_port()}/control/"]
        print("\n".join([*lines, "", "  Ctrl-C stops all of it.", ""]), file=sys.stderr)


def _secret_key() -> str:
    if given := os.environ.get("SECRET_KEY"):
        return given
    path = Path(settings.VAR) / "secret_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _sandbox_port() -> int:
    return int(os.environ.get("SANDBOX_PORT", "8001"))


def _sandbox(environment: dict[str, str]) -> Child:
    """Starts the local provider and tells the others its addresses and keys."""
    print("Starting the provider sandbox (the first time it makes a year of demo data) …", file=sys.stderr)
    _refuse_taken(_sandbox_port(), "SANDBOX_PORT")
    database = Path(settings.VAR) / "sandbox.sqlite3"
    database.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "console.sandbox", "--port", str(_sandbox_port()), "--database", str(database)]
    command += [
        "--webhook-url",
        os.environ.get("SANDBOX_WEBHOOK_URL", f"http://localhost:{settings.PORT}/webhooks/codego/"),
    ]
    child = Child("sandbox", command, dict(environment))
    process = child.start(stdout=subprocess.PIPE)
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("sandbox ready "):
        sys.exit("The provider sandbox did not start.")
    told = json.loads(line.removeprefix("sandbox ready "))
    environment |= {
        "CODEGO_API_URL": told["api_url"],
        "CODEGO_KYC_URL": told["kyc_url"],
        "CODEGO_API_KEY": told["api_key"],
        "CODEGO_WEBHOOK_SECRETS": told["webhook_secret"],
        "CODEGO_SECRETS_PUBLIC_KEY": told["public_key"],
    }
    return child


def _web(environment: dict[str, str]) -> Child:
    command = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(settings.PORT), "--workers", "2", "--blocking-threads", "4", "--no-access-log"]
    return Child("console", [*command, "--log-level", "warning", "console.wsgi:application"], environment)


def _worker(environment: dict[str, str]) -> Child:
    command = [
        sys.executable,
        "-m",
        "celery",
        "--quiet",
        "-A",
        "console.celery",
        "worker",
        "-B",
        "-c",
        "2",
        "--loglevel",
        "WARNING",
    ]
    command += ["--without-gossip", "--without-mingle", "-s", str(settings.CELERY_BEAT_FILE)]
    return Child("worker", command, environment)


def _demo_staff() -> None:
    from console.staff import services
    from console.staff.models import User

    for role in Role:
        email = f"{role.value}@demo.test"
        if not User.objects.filter(email=email).exists():
            services.create(
                email=email, name="", roles=[role.value], password=settings.DEMO_PASSWORD, actor=SYSTEM, is_demo=True
            )


def _wait_until_ready(children: list[Child]) -> None:
    """Until the console can be used; the first import may still be running, with its progress on screen."""
    until = time.monotonic() + READY
    print("Starting console and worker …", file=sys.stderr)
    while time.monotonic() < until:
        for child in children:
            child.tend()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.PORT}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    print("The console is not ready after two minutes; the lines above may say why.", file=sys.stderr)


def _refuse_taken(port: int, name: str) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Port {port} is taken. Stop what uses it, or set {name} to another.")


def _stop(children: list[Child]) -> None:
    for child in children:
        child.stop(signal.SIGTERM)
    until = time.monotonic() + 10
    while time.monotonic() < until and any(c.process and c.process.poll() is None for c in children):
        time.sleep(0.1)
    for child in children:
        child.stop(signal.SIGKILL)
