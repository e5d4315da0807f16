"""A request of the log as a command to send to the provider's support: what was asked, without key, session or person."""

import json
import shlex
from urllib.parse import quote, urlencode

from django.conf import settings

from console.provider.models import RequestLog

WITH_SESSION = frozenset({"/cards/{id}/secrets", "/cards/{id}/pin"})
KYC_PATHS = frozenset({"/session/create"})


def as_curl(logged: RequestLog) -> str:
    method, _, path = logged.route.partition(" ")
    kyc = path in KYC_PATHS
    base = settings.CODEGO_KYC_URL if kyc else settings.CODEGO_API_URL
    query = f"?{urlencode(logged.query)}" if logged.query else ""
    url = f"{base}{path.replace('{id}', quote(logged.object_id, safe=''))}{query}"
    key = "$CODEGO_KYC_API_KEY" if kyc else "$CODEGO_API_KEY"
    again = "" if method == "GET" else "# A record of what was sent. Running it does it again.\n"
    lines = [f"{again}curl -X {method} {shlex.quote(url)}", f'-H "X-Api-Key: {key}"']
    if path in WITH_SESSION:
        lines.append("-H 'SessionId: •••'")
    if logged.idempotency_key:
        lines.append(f"-H {shlex.quote(f'Idempotency-Key: {logged.idempotency_key}')}")
    if logged.body is not None:
        body = json.dumps(logged.body, ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(lines)
