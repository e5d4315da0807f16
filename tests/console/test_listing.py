"""Lists: every row once and in order however one walks, no COUNT, and addresses that hold what was asked."""

import random
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django import forms
from django.db import connection
from django.template import Context, Template, TemplateSyntaxError
from django.test.utils import CaptureQueriesContext

from cards.models import Card
from console.columns import Column
from console.filtering import CURSOR, FilterForm
from console.keyset import PAGE_SIZE
from console.listing import paginate
from tests.factories import make_cardholder

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 3 * PAGE_SIZE + 7
SORTABLE = {
    "created": "created_at",
    "issued": "codego_created_at",
    "limit": "limit_amount",
    "last4": "last4",
    "holder": "cardholder__last_name",
    "id": "pk",
}
COLUMNS = [Column("card", "Card", sort="last4"), Column("limit", "Limit", sort="limit", numeric=True), Column("x", "X")]


class CardFilters(FilterForm):
    status = forms.MultipleChoiceField(label="Status", choices=[("active", "Active"), ("locked", "Locked")])
    before = forms.DateTimeField(label="Before")
    after = forms.DateTimeField(label="After")
    least = forms.IntegerField(label="Limit at least")
    virtual = forms.BooleanField(label="Virtual only")

    def apply(self, queryset):
        given = self.cleaned_data
        named = {
            "state__in": given["status"],
            "created_at__lt": given["before"],
            "created_at__gte": given["after"],
            "limit_amount__gte": given["least"],
        }
        return queryset.filter(**{lookup: value for lookup, value in named.items() if value})


@pytest.fixture
def cards(db) -> None:
    """Cards with many ties and many gaps, made in no order."""
    chance = random.Random(7)
    holders = [make_cardholder(last_name=name) for name in ("Marinho", "Åberg", "Zhou", "")]
    Card.objects.bulk_create(
        Card(
            cardholder=chance.choice(holders),
            codego_id=f"card-{number}",
            last4=f"{chance.randrange(40):04}",
            state=chance.choice(["active", "locked"]),
            limit_amount=chance.choice([None, 100, 200, -300]),
            created_at=START + timedelta(hours=chance.randrange(60)),
            codego_created_at=chance.choice([None, START + timedelta(microseconds=chance.randrange(90))]),
        )
        for number in range(ROWS)
    )


def open_page(rf, address: str, queryset=None):
    request = rf.get(address)
    rows = Card.objects.all() if queryset is None else queryset
    form = CardFilters(request.GET)
    return paginate(
        request, rows, form=form, columns=COLUMNS, default_sort="-created", sortable=SORTABLE, export_url="/out/"
    )


def walk(rf, address: str, link: str = "next_url") -> list:
    pages = []
    while address:
        pages.append(open_page(rf, address))
        address = getattr(pages[-1], link)
    return pages


def keys(pages) -> list[int]:
    return [row.pk for page in pages for row in page.rows]


SORTS = [sign + key for key in SORTABLE for sign in ("", "-")]


@pytest.mark.parametrize("sort", SORTS)
def test_a_walk_meets_every_row_once_and_in_order(rf, cards, sort):
    pages = walk(rf, f"/cards/?sort={sort}")
    assert [len(page.rows) for page in pages] == [PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 7]
    column = SORTABLE[sort.removeprefix("-")]
    found = list(Card.objects.filter(pk__in=keys(pages)).values_list("pk", column))
    known = [row for row in found if row[1] is not None]
    known.sort(key=lambda row: (row[1], row[0]), reverse=sort.startswith("-"))
    unknown = sorted((pk for pk, value in found if value is None), reverse=sort.startswith("-"))
    assert keys(pages) == [pk for pk, _value in known] + unknown
    assert len(found) == ROWS


@pytest.mark.parametrize("sort", SORTS)
def test_the_way_back_leads_through_the_same_rows(rf, cards, sort):
    there = walk(rf, f"/cards/?sort={sort}")
    back = walk(rf, there[-1].previous_url, "previous_url")
    assert [[row.pk for row in page.rows] for page in reversed(back)] == [
        [r.pk for r in page.rows] for page in there[:-1]
    ]
    assert back[-1].previous_url == ""


def test_a_page_counts_nothing_and_asks_at_most_twice(rf, cards):
    for page in walk(rf, "/cards/?sort=-limit"):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            open_page(rf, page.next_url or "/cards/?sort=-limit")
        assert len(asked) <= 2
        assert not [query["sql"] for query in asked if "COUNT(" in query["sql"] or "OFFSET" in query["sql"]]


def test_a_column_that_is_never_empty_asks_once(rf, cards):
    with CaptureQueriesContext(connection) as asked:
        open_page(rf, open_page(rf, "/cards/").next_url)
    assert len(asked) == 2  # one for each page


def test_rows_that_come_meanwhile_shift_nothing(rf, cards):
    first = open_page(rf, "/cards/?sort=-created")
    Card.objects.create(cardholder=make_cardholder(), codego_id="new", created_at=START + timedelta(days=30))
    second = open_page(rf, first.next_url)
    assert not set(keys([first])) & set(keys([second]))
    back = walk(rf, second.previous_url, "previous_url")
    assert keys(back[:1]) == keys([first])
    assert back[-1].rows[0].codego_id == "new"


@pytest.mark.parametrize(("sort", "bounds"), [("-created", ("<", "<=")), ("created", (">", ">="))])
def test_the_cursor_takes_the_place_of_the_filters_bound(rf, cards, sort, bounds):
    address = f"/cards/?sort={sort}&before=2026-01-05&after=2025-12-31"
    first = open_page(rf, address)
    with CaptureQueriesContext(connection) as asked:
        open_page(rf, first.next_url)
    where = asked[0]["sql"].partition(" WHERE ")[2].partition(" ORDER BY ")[0]
    found = re.findall(r'"created_at" ([<>]=?)', where)
    assert sorted(mark for mark in found if mark[0] == bounds[0][0]) == sorted(bounds)


def test_folding_a_bound_gains_no_row(rf, cards):
    wanted = set(Card.objects.filter(created_at__lt=START + timedelta(hours=50)).values_list("pk", flat=True))
    found = keys(walk(rf, "/cards/?before=2026-01-03 02:00"))
    assert (set(found), len(found)) == (wanted, len(wanted))


def test_a_cursor_outside_a_bound_that_was_put_in_by_hand_gains_none_either(rf, cards):
    cursor = parse_qs(urlsplit(open_page(rf, "/cards/").next_url).query)[CURSOR][0]
    page = open_page(rf, f"/cards/?before=2026-01-01 05:00&cursor={cursor}")
    assert {row.created_at < START + timedelta(hours=5) for row in page.rows} == {True}


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0:abc", "%00", "🂡", "a" * 3000])
def test_a_broken_cursor_opens_the_first_page_and_says_so(rf, cards, cursor):
    page = open_page(rf, f"/cards/?cursor={cursor}")
    assert page.rows == open_page(rf, "/cards/").rows
    assert "first page" in page.notice


def test_a_cursor_stays_with_its_sort(rf, cards):
    cursor = parse_qs(urlsplit(open_page(rf, "/cards/?sort=last4").next_url).query)[CURSOR][0]
    page = open_page(rf, f"/cards/?sort=-last4&cursor={cursor}")
    assert page.rows == open_page(rf, "/cards/?sort=-last4").rows
    assert page.notice


def test_a_page_that_has_emptied_opens_the_first_one(rf, cards):
    last = walk(rf, "/cards/?sort=id")[-2].next_url
    Card.objects.filter(pk__in=[row.pk for row in open_page(rf, last).rows]).delete()
    page = open_page(rf, last)
    assert (len(page.rows), page.previous_url) == (PAGE_SIZE, "")
    assert page.notice


def test_a_list_of_nothing_has_one_page(rf, db):
    page = open_page(rf, "/cards/")
    assert (page.rows, page.next_url, page.previous_url, page.notice) == ([], "", "", "")


def test_a_list_of_exactly_one_page_has_no_next(rf, db):
    holder = make_cardholder()
    Card.objects.bulk_create(Card(cardholder=holder, codego_id=str(n)) for n in range(PAGE_SIZE))
    assert open_page(rf, "/cards/").next_url == ""


@pytest.mark.parametrize("sort", ["nonsense", "-password", "", "--created"])
def test_only_what_is_offered_can_be_sorted_by(rf, db, sort):
    page = open_page(rf, f"/cards/?sort={sort}")
    assert (page.sort, page.sort_key, page.direction) == ("-created", "created", "desc")


def test_a_heading_sorts_and_then_turns(rf, db):
    page = open_page(rf, "/cards/?status=active&cursor=x")
    card, limit, plain = page.heads
    assert (card.url, card.aria_sort) == ("/cards/?status=active&sort=last4", "")
    assert (limit.url, limit.numeric) == ("/cards/?status=active&sort=-limit", True)
    assert plain.url == ""
    turned = open_page(rf, card.url).heads[0]
    assert (turned.url, turned.aria_sort) == ("/cards/?status=active&sort=-last4", "ascending")
    assert open_page(rf, turned.url).heads[0].aria_sort == "descending"


def test_chips_say_what_filters_and_can_be_taken_off(rf, db):
    page = open_page(rf, "/cards/?status=active&status=locked&least=5&virtual=on&before=&sort=limit&cursor=x")
    assert [(chip.label, chip.value) for chip in page.chips] == [
        ("Status", "Active, Locked"),
        ("Limit at least", "5"),
        ("Virtual only", "yes"),
    ]
    assert page.chips[0].remove_url == "/cards/?least=5&virtual=on&sort=limit"
    assert page.is_filtered
    assert page.clear_url == "/cards/?sort=limit"
    assert page.export_url == "/out/?status=active&status=locked&least=5&virtual=on&sort=limit"
    assert page.query == "status=active&status=locked&least=5&virtual=on&sort=limit"


def test_what_cannot_be_understood_filters_nothing_and_says_why(rf, cards):
    page = open_page(rf, "/cards/?least=many&status=stolen&before=2026-01-01 03:00")
    assert {row.created_at < START + timedelta(hours=3) for row in page.rows} == {True}
    assert set(page.form.errors) == {"least", "status"}
    assert [chip.label for chip in page.chips] == ["Before"]


def test_an_unbound_form_filters_nothing(cards):
    form = CardFilters()
    assert form.filtered(Card.objects.all()).count() == ROWS
    assert list(form.in_force()) == []


def test_a_list_that_asks_for_nothing_has_the_plain_address(rf, db):
    page = open_page(rf, "/cards/")
    assert (page.query, page.export_url, page.clear_url, page.is_filtered) == ("", "/out/", "/cards/", False)
    assert page.carried == []
    assert open_page(rf, "/cards/?sort=limit&columns=limit").carried == [("sort", "limit"), ("columns", "limit")]


# --- Columns ----------------------------------------------------------------------------------------------------------

OFFERED = [
    Column("pick", "", fixed=True),
    Column("card", "Card", sort="last4", fixed=True),
    Column("limit", "Limit", sort="limit"),
    Column("state", "State"),
    Column("id", "Card id", shown=False),
    Column("act", "", fixed=True),
]


def arranged(rf, address: str):
    request = rf.get(address)
    return paginate(
        request, Card.objects.all(), form=CardFilters(request.GET), columns=OFFERED, default_sort="-created",
        sortable=SORTABLE, export_url="/out/",
    )  # fmt: skip


def shown(page) -> list[str]:
    return [column.key for column in page.columns]


@pytest.mark.parametrize(
    ("query", "keys_shown"),
    [
        ("", "limit state"),
        ("columns=", "limit state"),
        ("columns=id,limit", "id limit"),
        ("columns=id&columns=limit", "id limit"),  # as a form sends it without script
        ("columns=state,state,id", "state id"),
        ("columns=all", "limit state id"),
        ("columns=card", ""),  # nothing but the name
        ("columns=limit&columns=state&columns=id&move=id:up", "limit id state"),
        ("columns=limit&columns=state&move=limit:up", "limit state"),
        ("columns=limit&columns=state&move=limit:sideways", "limit state"),
        ("columns=limit&columns=state&move=id:up", "limit state"),
    ],
)
def test_the_address_names_the_columns_and_the_name_stays(rf, db, query, keys_shown):
    page = arranged(rf, f"/cards/?{query}")
    assert shown(page) == ["pick", "card", *keys_shown.split(), "act"]
    assert page.notice == ""


def test_columns_that_do_not_exist_are_left_out_and_said(rf, db):
    page = arranged(rf, "/cards/?columns=limit,secret,balance")
    assert shown(page) == ["pick", "card", "limit", "act"]
    assert page.notice == "This list has no columns secret, balance."
    assert shown(arranged(rf, "/cards/?columns=secret")) == ["pick", "card", "limit", "state", "act"]


def test_every_link_of_the_list_keeps_the_columns(rf, cards):
    page = arranged(rf, "/cards/?status=active&columns=id&columns=limit&move=limit:up&sort=limit")
    assert page.query == "status=active&sort=limit&columns=limit,id"
    assert page.next_url.startswith("/cards/?status=active&sort=limit&columns=limit,id&cursor=")
    assert page.chips[0].remove_url == "/cards/?sort=limit&columns=limit,id"
    assert page.clear_url == "/cards/?sort=limit&columns=limit,id"
    assert page.heads[1].url == "/cards/?status=active&sort=last4&columns=limit,id"
    assert page.own_columns_url == "/cards/?status=active&sort=limit"


def test_the_chooser_lists_what_is_shown_first_and_not_what_is_fixed(rf, db):
    choices = arranged(rf, "/cards/?columns=id,limit").arrangement.choices
    assert [(each.key, each.shown, each.first, each.last) for each in choices] == [
        ("id", True, True, False),
        ("limit", True, False, True),
        ("state", False, False, False),
    ]


CELLS = """{% load lists %}{% for row in page.rows %}{% cells page %}
  {% cell "pick" %}[]{% endcell %}{% cell "card" %}{{ row.last4 }}{% endcell %}
  {% cell "limit" %} limit {{ row.limit_amount }}{% endcell %}{% cell "state" %} {{ row.state|upper }}{% endcell %}
  {% cell "id" %} <{{ row.codego_id }}>{% endcell %}{% cell "act" %};{% endcell %}
{% endcells %}{% endfor %}"""


def test_cells_are_drawn_in_the_pages_order_and_hidden_ones_not_at_all(rf, db):
    Card.objects.create(cardholder=make_cardholder(), codego_id="a&b", last4="4242", limit_amount=5, state="active")
    draw = Template(CELLS)
    assert draw.render(Context({"page": arranged(rf, "/cards/")})) == "[]4242 limit 5 ACTIVE;"
    assert draw.render(Context({"page": arranged(rf, "/cards/?columns=id,limit")})) == "[]4242 <a&amp;b> limit 5;"


@pytest.mark.parametrize(
    "wrong", ["{% cells page %}words{% endcells %}", "{% cells %}{% endcells %}", "{% cells page %}"]
)
def test_cells_written_wrongly_are_refused_when_the_template_is_read(wrong):
    with pytest.raises(TemplateSyntaxError):
        Template("{% load lists %}" + wrong)
