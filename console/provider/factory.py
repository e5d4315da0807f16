"""Builds the client: the one place where settings meet it."""

from django.conf import settings

from console.codego.client import Codego
from console.codego.protocols import Priority
from console.codego.secret import Secret
from console.provider.observing import Recorder
from console.provider.pacing import SharedPacer


def client(priority: Priority) -> Codego:
    """A client for one piece of work; use it as a context manager."""
    return Codego(
        api_url=settings.CODEGO_API_URL,
        kyc_url=settings.CODEGO_KYC_URL,
        api_key=Secret(settings.CODEGO_API_KEY),
        kyc_api_key=Secret(settings.CODEGO_KYC_API_KEY),
        pacer=SharedPacer(),
        observer=Recorder(),
        priority=priority,
        timeout=settings.CODEGO_TIMEOUT,
    )
