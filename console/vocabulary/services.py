"""Notes words of the provider that this console does not know, and what they turn out to mean."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from django.core.cache import caches
from django.db import transaction
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
NEW = _("The provider used words that this console does not know. Write down what they mean.")
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
    """A few statements, however many words; none where there is none. Meeting a word again only counts; of new ones those
    who can explain them are told, once a day."""
    first = {(each.field, key): each for each in reversed(found) if (key := folded(each.field, each.word))}
    if not first:
        return
    counts = Counter((each.field, folded(each.field, each.word)) for each in found)
    now = timezone.now()
    with transaction.atomic():
        like = Word.objects.filter(folded__in={key for _field, key in first}).order_by("pk").select_for_update()
        known = {(word.field, word.folded): word for word in like if (word.field, word.folded) in first}
        for spot, word in known.items():
            word.seen, word.last_seen = word.seen + counts[spot], now
        Word.objects.bulk_update(known.values(), ["seen", "last_seen"])
        new = [
            Word(
                field=field, folded=key, word=clean(each.word)[:LONGEST], record=each.record, record_id=each.record_id,
                seen=counts[field, key], first_seen=now, last_seen=now,
            )
            for (field, key), each in sorted(first.items())
            if (field, key) not in known
        ]  # fmt: skip
        room = max(MOST - Word.objects.count(), 0) if new else 0
        Word.objects.bulk_create(new[:room], ignore_conflicts=True)
        if new[:room]:
            able = notices.able(Permission.VOCABULARY_EDIT)
            notices.tell(able, Kind.VOCABULARY, words=NEW, url=reverse("vocabulary:list"), key=f"words:{now:%Y%m%d}")


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
