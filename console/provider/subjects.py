"""What a command is about, in words for whoever asked: the record it names, found without knowing its app."""

from typing import Any

from django.apps import apps

from console import privacy
from console.provider.models import Command

MODELS = {
    "card": ("cards", "Card"),
    "cardholder": ("cardholders", "Cardholder"),
    "company": ("cardholders", "Company"),
    "transaction": ("transactions", "Transaction"),
    "dispute": ("transactions", "Dispute"),
}


def subject(command: Command, *, clear: bool) -> str:
    """Such as "•••• 4242 · Ana Marinho"; names as initials where they are not `clear`, nothing where it is gone."""
    found: Any = apps.get_model(*MODELS[command.record])._default_manager.filter(pk=command.record_id).first()
    if found is None:
        return ""
    if command.record in {"cardholder", "company"}:
        return privacy.name(found, clear=clear)
    about = getattr(found, "transaction", None) or found
    owner = getattr(about, "cardholder", None) or getattr(about, "company", None)
    return " · ".join(part for part in (str(about), privacy.name(owner, clear=clear)) if part)
