"""/healthz: the process answers. /readyz: the console can be used."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from console.access import public
from console.sync import health, silence


@public
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    return JsonResponse({"ok": True})


@public
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """503 until database, worker and beat live. A running first import does not hold it up: its progress is on screen."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        ages = health.heartbeat_ages()
        waiting = health.inbox_age()
        quiet = silence.webhook_silence()
    except DatabaseError:
        return JsonResponse({"ok": False, "database": False}, status=503)
    parts = {name: age is not None and age < health.ALIVE for name, age in ages.items()}
    parts |= {"database": True, "broker": parts["worker"], "inbox": waiting < health.WAITING}
    ok = all(parts.values())
    told = {"inbox_age_s": round(waiting.total_seconds()), "silent_s": quiet and round(quiet.quiet.total_seconds())}
    return JsonResponse({"ok": ok, **parts, **told}, status=200 if ok else 503)  # silence is the provider's, not ours
