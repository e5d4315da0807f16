"""The list of words the provider used that this console does not know, and the page on which one is explained."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console import privacy
from console.access import Actor, Permission, allowed, requires
from console.columns import Column
from console.htmx import page_or_fragment, redirect, toast
from console.listing import paginate
from console.vocabulary import services
from console.vocabulary.forms import MeaningForm, WordFilters
from console.vocabulary.models import Word

NEWEST = "-last"
SORTABLE = {"first": "first_seen", "last": "last_seen", "seen": "seen", "field": "field"}
# Where a word's first record is shown, by its noun.
PAGES = {
    "cardholder": "cardholders:detail",
    "company": "cardholders:company",
    "card": "cards:detail",
    "transaction": "transactions:detail",
    "dispute": "transactions:dispute",
    "delivery": "sync:delivery",
}


@requires(Permission.PROVIDER_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        Word.objects.select_related("noted_by"),
        form=WordFilters(request.GET),
        columns=(
            Column("word", _("Word")),
            Column("field", _("Where"), "field"),
            Column("meaning", _("Meaning")),
            Column("seen", _("Seen"), "seen", numeric=True),
            Column("first", _("First"), "first"),
            Column("last", _("Last"), "last"),
        ),
        default_sort=NEWEST,
        sortable=SORTABLE,
        export_url="",
    )
    rows = [(word, shown(request, word), first_url(request, word)) for word in page.rows]
    context: dict[str, object] = {
        "title": _("New words of the provider"),
        "page": page,
        "rows": rows,
        "full": Word.objects.count() >= services.MOST,
        "most": services.MOST,
    }
    return page_or_fragment(request, "vocabulary/list.html", "vocabulary/_table.html", context)


@requires(Permission.VOCABULARY_EDIT)
def explain(request: HttpRequest, pk: int) -> HttpResponse:
    word = get_object_or_404(Word, pk=pk)
    begin = {"meaning": word.meaning, "fixer": word.fixer}
    form = MeaningForm(request.POST if request.method == "POST" else None, initial=begin)
    if form.is_valid():
        services.explain(word, **form.cleaned_data, actor=Actor.of(request))
        toast(request, _("Written down. Everybody reads it beside the word."))
        return redirect(request, reverse("vocabulary:list"))
    context: dict[str, object] = {
        "title": _("What does this word mean?"),
        "facts": [
            (_("Word"), shown(request, word)),
            (_("Where"), word.of.label if word.of else word.field),
            (_("Seen"), word.seen),
        ],
        "form": form,
        "verb": _("Write it down"),
        "action_url": request.path,
        "back_url": reverse("vocabulary:list"),
    }
    status = 422 if form.errors else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context, status=status)


def shown(request: HttpRequest, word: Word) -> str:
    """Free text can name anybody."""
    hidden = (word.of is None or word.of.free) and not allowed(request.user, Permission.PERSONAL_READ)
    return privacy.DOTS if hidden else word.word


def first_url(request: HttpRequest, word: Word) -> str:
    """The page of the record it was first seen on; a contract's is its owner's."""
    if word.record == "delivery" and not allowed(request.user, Permission.INBOX_READ):
        return ""
    if word.record == "contract":
        return reverse("timeline:history", args=["contract", word.record_id])
    try:
        return reverse(PAGES.get(word.record, ""), args=[word.record_id])
    except NoReverseMatch:
        return ""
