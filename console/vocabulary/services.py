"""Notes words of the provider that this console does not know, and what they turn out to mean."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from django.core.cache import caches
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.access import Actor, Permission
from console.audit import services as audit
from console.audit.events import Action
from console.codego.wire import clean, normal
from console.notices import services as notices
from console.notices.kinds import Kind
from console.provider.mirror import Applied, Incoming, Mirrored, Source, Verdict
from console.vocabulary.fields import FIELDS
from console.vocabulary.models import LONGEST, Word

MOST = 1_000  # words kept: free text must not flood the table
BRIEFLY = 15  # seconds that a page may be behind what was written here
NEW = _("The provider used a word that this console does not know. Write down what it means.")
NEWS = frozenset({Verdict.CREATED, Verdict.CHANGED})


class Met(NamedTuple):
    """A word and the record it stood in."""

    field: str
    word: str
    record: str
    record_id: int


class Told(NamedTuple):
    meaning: str
    fixer: str


def folded(field: str, word: str) -> str:
    """Case and spelling do not make another word, nor do the figures in a sentence."""
    key = normal(clean(word))
    free = field in FIELDS and FIELDS[field].free
    return (re.sub(r"\d+", "#", key) if free else key)[:LONGEST]


def met(field: str, word: str, *, record: str, record_id: int) -> None:
    """Notes one unknown word."""
    met_many([Met(field, word, record, record_id)])


def met_many(found: Sequence[Met]) -> None:
    """Two statements for each distinct word at most; none where there is none. Meeting a word again only counts; a new one
    is told to those who can explain it."""
    first = {(each.field, key): each for each in reversed(found) if (key := folded(each.field, each.word))}
    counts = Counter((each.field, folded(each.field, each.word)) for each in found)
    now = timezone.now()
    for field, key in sorted(first):
        more = {"seen": F("seen") + counts[field, key], "last_seen": now}
        if Word.objects.filter(field=field, folded=key).update(**more):
            continue
        if Word.objects.count() < MOST:
            each = first[field, key]
            new = Word(
                field=field, folded=key, word=clean(each.word)[:LONGEST], record=each.record, record_id=each.record_id,
                seen=counts[field, key], first_seen=now, last_seen=now,
            )  # fmt: skip
            Word.objects.bulk_create([new], ignore_conflicts=True)
            notices.tell(
                notices.able(Permission.VOCABULARY_EDIT), Kind.VOCABULARY, words=NEW, url=reverse("vocabulary:list"),
                key=f"word:{field}:{hashlib.sha256(key.encode()).hexdigest()[:16]}",
            )  # fmt: skip


Ask = tuple[str, str, Callable[[str], object]]  # field, column, and whether its word is known


def listen(
    model: type[Mirrored], incoming: Iterable[Incoming], applied: Applied, source: Source, asks: Sequence[Ask]
) -> None:
    """For a noun's writer: the unknown words of what was new in these records. Nothing is asked of the database where
    every word is known."""
    if source.again:
        return
    new = [each for each, verdict in zip(incoming, applied.verdicts, strict=True) if verdict in NEWS]
    heard = [
        (field, str(word), each.codego_id)
        for each in new
        for field, column, known in asks
        if (word := each.values.get(column)) not in {None, ""} and not known(str(word))
    ]
    if heard:
        rows = model._default_manager.filter(codego_id__in={codego_id for _field, _word, codego_id in heard})
        pks = dict(rows.values_list("codego_id", "pk"))
        noun = model._meta.model_name or ""
        met_many([Met(field, word, noun, pks[i]) for field, word, i in heard if i in pks])


def explain(word: Word, meaning: str, fixer: str, *, actor: Actor) -> None:
    """An administrator says what it means: from now on everybody reads that, and it is new no longer."""
    with transaction.atomic():
        word.meaning, word.fixer = meaning, fixer
        word.noted_by_id, word.noted_at = actor.user_id, timezone.now()
        word.save(update_fields=["meaning", "fixer", "noted_by", "noted_at"])
        audit.record(Action.WORD_EXPLAIN, actor=actor, record="word", record_id=word.pk)
    caches["local"].delete(CACHE)


CACHE = "vocabulary"


def meaning_of(field: str, word: str) -> Told | None:
    """What was written down about it, if anything was."""
    told: dict[tuple[str, str], Told] = caches["local"].get_or_set(CACHE, _all, BRIEFLY) or {}
    return told.get((field, folded(field, word))) if word else None


def _all() -> dict[tuple[str, str], Told]:
    explained = Word.objects.exclude(meaning="").values_list("field", "folded", "meaning", "fixer")
    return {(field, key): Told(meaning, fixer) for field, key, meaning, fixer in explained}
