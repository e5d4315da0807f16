"""The worker and what the beat rings for."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init
from kombu.transport import TRANSPORT_ALIASES

from console.sync.schedule import every

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

TRANSPORT_ALIASES["deckhand"] = "console.broker:Transport"
app = Celery("deckhand")


def _often(task: str, seconds: float, *args: Any) -> dict[str, Any]:
    return {"task": f"deckhand.{task}", "schedule": seconds, "args": args, "options": {"expires": max(10, seconds)}}


BEAT = {
    "beat": _often("beat", 4),
    "drain": _often("drain", 2),
    "read": _often("read", 2),
    "settle": _often("settle", 3),
    "run": _often("run", 2),
    "report": _often("report", 3),
    "prove": _often("prove", 5),
    "mail": _often("mail", 30),
    "alarm": _often("alarm", 60),
    "bulk": _often("bulk", 2),
    "catch-up": _often("start_run", every("catch_up").total_seconds(), "catch_up"),
    "reconcile": _often("start_run", every("reconcile").total_seconds(), "reconcile"),
    "window": {"task": "deckhand.start_run", "schedule": crontab(hour="2", minute="15"), "args": ("window",)},
    "prune": {"task": "deckhand.prune", "schedule": crontab(minute="40")},
}


def configure() -> None:
    from django.conf import settings

    embedded = not settings.CELERY_BROKER_URL
    folder = settings.CELERY_BROKER_FOLDER
    if embedded:
        for name in ("queue", "processed"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    app.conf.update(
        broker_url="deckhand://localhost" if embedded else settings.CELERY_BROKER_URL,
        broker_transport_options={
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "processed"),
            "polling_interval": 0.1,
        }
        if embedded
        else {"visibility_timeout": 3600},
        broker_connection_retry_on_startup=True,
        worker_enable_remote_control=not embedded,
        worker_send_task_events=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_publish_retry=False,
        beat_schedule=BEAT,
        beat_schedule_filename=str(settings.CELERY_BEAT_FILE),
        timezone="UTC",
    )
    app.autodiscover_tasks(["console.sync", "console.reconciliation", "console.notices", "console.bulk"])


@worker_init.connect
def refuse_contradictions(**_: Any) -> None:
    """A worker does not start either on settings that contradict each other."""
    from console import checks

    checks.refuse_contradictions()


configure()
