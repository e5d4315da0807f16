"""`POST /webhooks/codego/`: verify over the raw body, store, ring, answer. The work is the worker's."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from console.access import public
from console.codego.secret import Secret
from console.codego.signature import verify
from console.sync import inbox
from console.sync.tasks import ring

MOST = 1_000_000  # bytes; the provider's deliveries are some hundred


@public
@csrf_exempt  # the provider has no session here: its signature is what proves it
@require_POST
def receive(request: HttpRequest) -> JsonResponse:
    """200 for all that is verified, duplicates and unknown types too; 401 for a bad signature; 503 without a secret."""
    address = request.META.get("REMOTE_ADDR", "")
    secrets = [Secret(secret) for secret in settings.CODEGO_WEBHOOK_SECRETS if secret]
    if not secrets:
        return JsonResponse({"error": "not_configured", "message": "CODEGO_WEBHOOK_SECRETS is not set."}, status=503)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST:
        inbox.reject("too large", address)
        return JsonResponse({"error": "too_large", "message": "The body is over 1 MB."}, status=413)
    signature = request.headers.get("Signature")
    if not verify(request.body, signature, secrets):
        inbox.reject("bad signature" if signature else "no signature", address)
        return JsonResponse({"error": "bad_signature", "message": "The signature does not match."}, status=401)
    delivery = inbox.accept(request.body, dict(request.headers), address)
    ring("drain")
    return JsonResponse({"received": True, "duplicate": delivery.due_at is None})
