"""Whether anything came to a record that its timeline tells: one query, for the version that an open page polls with."""

from typing import Any

from django.apps import apps
from django.db.models import OuterRef, QuerySet, Subquery

from console.audit.models import Entry
from console.history.models import Change
from console.notes.models import Note


def pulse(row: Any) -> tuple[Any, ...]:
    """The newest of each thing; another once one of them has come. Nothing else says what it is."""
    noun = row._meta.model_name
    about = {"record": noun, "record_id": OuterRef("pk")}
    deliveries = apps.get_model("sync.Delivery").objects  # by name: it stands above the nouns, as do movements
    newest: dict[str, QuerySet[Any]] = {
        "change": Change.objects.filter(**about).order_by("-id").values("id"),
        "entry": Entry.objects.filter(**about).order_by("-at", "-id").values("id"),
        "note": Note.objects.filter(**about).order_by("-at", "-id").values("id"),
        "delivery": deliveries.filter(object_id=OuterRef("codego_id")).order_by("-received_at").values("id"),
        "verdict": deliveries.filter(object_id=OuterRef("codego_id")).order_by("-received_at").values("verdict"),
    }
    if noun in {"cardholder", "company"}:
        movements = apps.get_model("reconciliation.Movement").objects
        newest["movement"] = movements.filter(**{f"about__{noun}": OuterRef("pk")}).order_by("-id").values("id")
    found = {f"newest_{name}": Subquery(rows[:1]) for name, rows in newest.items()}
    return tuple(type(row)._default_manager.filter(pk=row.pk).annotate(**found).values_list(*found).first() or ())
