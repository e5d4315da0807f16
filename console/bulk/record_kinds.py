"""What can be done to many records of any kind: read them again, note something on each, decide, replay."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cardholders import services as applicants
from cardholders.forms import DECISIONS
from cardholders.models import NEEDS_SOMEBODY, Applicant
from console.access import Actor, Permission
from console.bulk.kind import Given, Kind, MayReason, Words
from console.bulk.models import BulkRun, Why
from console.notes import services as notes
from console.notes.forms import NoteForm
from console.privacy import refuse_card_numbers
from console.sync import inbox, reading
from console.sync.models import INERT, Delivery


class NoteOnAll(forms.Form):
    text = forms.CharField(
        label=_("Note"),
        max_length=NoteForm.base_fields["text"].max_length,  # type: ignore[attr-defined] # of a CharField
        widget=forms.Textarea({"rows": 3}),
        help_text=_("The same note is added to each of these records."),
        validators=[refuse_card_numbers],
    )


class DecideForAll(forms.Form):
    decision = forms.ChoiceField(label=_("Decision"), choices=list(DECISIONS.items()), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("What was found and what follows. It is kept in the activity log and cannot be changed."),
    )


def _judge_read(record: Any, _given: Given) -> Why | None:
    return None if record.codego_id else Why.UNKNOWN_THERE


def _judge_review(applicant: Applicant, _given: Given) -> Why | None:
    return None if applicant.state in NEEDS_SOMEBODY else Why.NO_REVIEW


def _judge_delivery(delivery: Delivery, _given: Given) -> Why | None:
    if delivery.verdict in INERT:
        return Why.INERT
    return Why.QUEUED if delivery.due_at else None


def _note(record: Any, run: BulkRun, actor: Actor) -> object:
    return notes.add_note(str(record._meta.model_name), record.pk, run.parameters["text"], actor=actor)


def _decide(applicant: Any, run: BulkRun, actor: Actor) -> None:
    applicants.decide(applicant, run.parameters["decision"], actor=actor, reason=run.reason)


def _decision(given: Given) -> Words:
    return DECISIONS[given["decision"]]


def _read_again(of: str, noun: str) -> Kind:
    return Kind(
        key=f"read_{of}",
        where=of,
        noun=noun,
        label=_("Read again"),
        title=_("Read again from the provider"),
        go=ngettext_lazy("Read %(n)d record", "Read %(n)d records", "n"),
        said=ngettext_lazy("%(n)d record will be read again", "%(n)d records will be read again", "n"),
        what=_("Each record is read from the provider at the pace it allows. Nothing about it is changed there."),
        icon="refresh",
        permission=Permission.RECORD_REFRESH,
        form=forms.Form,
        judge=_judge_read,
        will=lambda _record, _given: _("Put in line to be read"),
        act=lambda record, _run, _actor: reading.ask(record),
        at_hand=of != "cards",
    )


def _add_note(of: str, noun: str) -> Kind:
    return Kind(
        key=f"note_{of}",
        where=of,
        noun=noun,
        label=_("Add a note"),
        title=_("Add a note to each"),
        go=ngettext_lazy("Add %(n)d note", "Add %(n)d notes", "n"),
        said=ngettext_lazy("%(n)d record gets the note", "%(n)d records get the note", "n"),
        what=_("Everybody who opens one of these records sees the note. It cannot be changed afterwards."),
        icon="note",
        permission=Permission.NOTE_WRITE,
        form=NoteOnAll,
        judge=lambda _record, _given: None,
        will=lambda _record, _given: _("Gets the note"),
        facts=lambda given: [(_("Note"), given["text"])],
        act=_note,
    )


def _review(of: str, noun: str) -> Kind:
    return Kind(
        key=f"decide_{of}",
        where=of,
        noun=noun,
        label=_("Record a decision"),
        title=_("Record a decision on each"),
        go=ngettext_lazy("Record %(n)d decision", "Record %(n)d decisions", "n"),
        said=ngettext_lazy(
            "A decision will be recorded on %(n)d application", "A decision will be recorded on %(n)d applications", "n"
        ),
        what=_("The provider decides the application; this is what compliance made of it, kept as evidence."),
        icon="good",
        permission=Permission.REVIEW_DECIDE,
        form=DecideForAll,
        judge=_judge_review,
        seen=lambda applicant: applicant.state,
        will=lambda _record, given: _decision(given),
        facts=lambda given: [(_("Decision"), _decision(given))],
        act=_decide,
        at_hand=True,
    )


REPLAY = Kind(
    key="replay",
    where="inbox",
    noun="delivery",
    label=_("Replay"),
    title=_("Apply deliveries again"),
    go=ngettext_lazy("Replay %(n)d delivery", "Replay %(n)d deliveries", "n"),
    said=ngettext_lazy("%(n)d delivery goes back to the queue", "%(n)d deliveries go back to the queue", "n"),
    what=_("They go back to the queue. Applying one twice has no second effect, and nothing is sent anywhere."),
    icon="refresh",
    permission=Permission.INBOX_REPLAY,
    form=MayReason,
    judge=_judge_delivery,
    will=lambda _record, _given: _("Goes back to the queue"),
    act=lambda delivery, run, actor: inbox.replay_one(delivery, actor=actor, reason=run.reason),
    at_hand=True,
)
KINDS = (
    _read_again("cards", "card"),
    _read_again("cardholders", "cardholder"),
    _read_again("companies", "company"),
    _add_note("cards", "card"),
    _add_note("cardholders", "cardholder"),
    _add_note("companies", "company"),
    _review("reviews", "cardholder"),
    _review("company_reviews", "company"),
    REPLAY,
)
