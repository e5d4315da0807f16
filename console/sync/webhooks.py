"""`POST /webhooks/codego/`: verify over the raw body, store, ring, answer. The work is the worker's."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from console.access import public
from console.sync import forged, inbox
from console.sync.models import Rejection
from console.sync.tasks import ring

MOST = 1_000_000  # bytes; the provider's deliveries are some hundred


@public
@csrf_exempt  # the provider has no session here: its signature is what proves it
@require_POST
def receive(request: HttpRequest) -> JsonResponse:
    """200 for all that is verified, duplicates and unknown types too; 401 for a bad signature; 503 without a secret."""
    if not forged.secrets():
        return JsonResponse({"error": "not_configured", "message": "CODEGO_WEBHOOK_SECRETS is not set."}, status=503)
    address, headers = request.META.get("REMOTE_ADDR", ""), dict(request.headers)
    signatures = [value for name in forged.HEADERS if (value := request.headers.get(name))]
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST:
        forged.reject(Rejection.TOO_LARGE, b"", headers, signatures, address)
        return JsonResponse({"error": "too_large", "message": "The body is over 1 MB."}, status=413)
    if not forged.is_signed(request.body, signatures):
        forged.reject(forged.reason_of(request.body, signatures), request.body, headers, signatures, address)
        return JsonResponse({"error": "bad_signature", "message": "The signature does not match."}, status=401)
    delivery = inbox.accept(request.body, headers, address)
    ring("drain")
    return JsonResponse({"received": True, "duplicate": delivery.due_at is None})
