"""What templates say: words for statuses, instants, ids, and nothing a provider sends as HTML."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import timezone, translation

from console.provider.models import CommandState
from console.sync.models import DeliveryVerdict, RunState
from console.templatetags.console import KINDS, STATUSES, short_time, status_of
from transactions.models import ReportState

HOSTILE = '<script>alert("x")</script>'
NOW = datetime(2026, 11, 24, 14, 35, 20, tzinfo=UTC)


def render(source: str, **context) -> str:
    return Template("{% load console %}" + source).render(Context(context))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("word", "kind", "label", "tone"),
    [
        ("active", "card", "Active", "good"),
        ("ACTIVE", "card", "Active", "good"),
        ("notActivated", "card", "Not activated", "idle"),
        ("not_activated", "card", "Not activated", "idle"),
        ("cancelled", "card", "Cancelled", "idle"),
        ("needsVerification", "application", "Needs verification", "warn"),
        ("declined", "transaction", "Declined", "bad"),
        ("inReview", "dispute", "In review", "info"),
        ("several", "command", "Needs a person", "warn"),
    ],
)
def test_a_status_is_a_plain_word_with_a_shape(word, kind, label, tone):
    html = render("{% status word kind %}", word=word, kind=kind)
    assert words(html) == label
    assert f'data-tone="{tone}"' in html
    assert "data-shape=" in html


@pytest.mark.django_db
def test_a_word_nobody_knows_is_shown_as_sent_and_marked():
    html = render('{% status word "card" %}', word="soft_frozen")
    assert words(html) == "soft_frozen new word"
    assert 'data-tone="new"' in html


@pytest.mark.django_db
def test_what_the_provider_sends_is_text():
    assert "<script>" not in render('{% status word "card" %}{% copyable word %}{{ word|dash }}', word=HOSTILE)


def test_a_kind_that_does_not_exist_is_a_mistake_in_the_template():
    with pytest.raises(TemplateSyntaxError, match="vessel"):
        render('{% status "active" "vessel" %}')


@pytest.mark.parametrize(
    ("kind", "choices"),
    [("delivery", DeliveryVerdict), ("command", CommandState), ("run", RunState), ("run", ReportState)],
)
def test_every_state_of_our_own_has_its_word(kind, choices):
    assert {value: status_of(value, kind) is not None for value in choices.values} == dict.fromkeys(
        choices.values, True
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_two_statuses_of_a_kind_look_and_read_the_same(kind):
    shown = [(str(status.label), status.tone, status.shape) for (of, _word), status in STATUSES.items() if of == kind]
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize("shape", sorted({status.shape for status in STATUSES.values()}))
def test_every_shape_is_drawn(shape):
    assert f'[data-shape="{shape}"]' in Path(__file__).parents[2].joinpath("static/app.css").read_text()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{{ amount|money:"usd" }}', "$12.50"),
        ('{{ nothing|money:"usd" }}', "— none"),
        ('{{ nothing.amount|money:"usd" }}', "— none"),
        ("{{ nothing|dash }}", "— none"),
        ("{{ empty|dash }}", "— none"),
        ("{{ zero|dash }}", "0"),
        ('{% status nothing "card" %}', "— none"),
        ("{% when nothing %}", "— none"),
        ("{% copyable nothing %}", "— none"),
    ],
)
def test_nothing_is_a_dash_that_is_read_out(source, said):
    assert words(render(source, amount=1_250, nothing=None, empty="", zero=0)) == said


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1, seconds=10), "1 min ago"),
        (timedelta(minutes=59, seconds=30), "59 min ago"),
        (timedelta(hours=5), "09:35"),
        (timedelta(days=1), "23 Nov, 14:35"),
        (timedelta(days=400), "20 Oct 2025, 14:35"),
        (-timedelta(minutes=5), "14:40"),
        (-timedelta(days=3), "27 Nov, 14:35"),
    ],
)
def test_an_instant_is_as_short_as_it_can_be(age, said):
    assert short_time(NOW - age, NOW) == said


def test_the_exact_instant_is_told_in_utc_and_in_the_readers_zone():
    with timezone.override("Asia/Tokyo"):
        html = render("{% when at %}", at=datetime(2025, 3, 1, 20, 5, 7, tzinfo=UTC))
    assert 'datetime="2025-03-01T20:05:07+00:00"' in html
    assert 'title="1 Mar 2025, 20:05:07 UTC · 2 Mar 2025, 05:05:07 Asia/Tokyo"' in html
    assert words(html) == "2 Mar 2025, 05:05"


def test_the_exact_instant_is_told_once_to_a_reader_in_utc():
    with timezone.override("UTC"):
        html = render("{% when at %}", at=datetime(2025, 3, 1, 20, 5, 7, tzinfo=UTC))
    assert 'title="1 Mar 2025, 20:05:07 UTC"' in html


def test_a_day_has_no_clock():
    assert render("{% when day %}", day=date(2025, 3, 1)) == '<time datetime="2025-03-01">1 Mar 2025</time>'


def test_an_id_is_shown_short_and_copied_whole():
    html = render("{% copyable id 8 %}", id="5b1e0c1a-9c3f-4a57")
    assert words(html) == "5b1e0c1a…"
    assert 'data-copy="5b1e0c1a-9c3f-4a57"' in html
    assert 'aria-label="Copy 5b1e0c1a-9c3f-4a57"' in html


def test_a_query_changes_and_leaves_the_place_in_the_list(rf):
    request = rf.get("/cards/?status=active&q=4821&cursor=abc")
    assert render("{% query_with request status='locked' q=None %}", request=request) == "?status=locked"
    assert render("{% query_with request status=None q=None %}", request=request) == "/cards/"


def test_a_chart_is_drawn_and_can_be_read_as_a_table():
    html = render('{% chart_bars "Spend" days %}', days=[("1 Nov", 500, "$5.00"), ("2 Nov", 0, HOSTILE)])
    assert 'height="120.0"' in html
    assert '<th scope="row">1 Nov</th><td class="num">$5.00</td>' in html
    assert "<script>" not in html


def test_the_ends_of_a_long_chart_are_named_and_few_values_stay_narrow():
    month = [(f"{day} Nov", day, str(day)) for day in range(1, 31)]
    assert "<span>1 Nov</span> <span>30 Nov</span>" in render('{% chart_bars "Spend" days %}', days=month)
    short = render('{% chart_bars "Spend" days %}', days=month[:2])
    assert 'class="ends"' not in short
    assert float(re.findall(r'width="([0-9.]+)"', short)[0]) < 640 / 10


def test_a_chart_of_nothing_is_still_a_chart():
    assert "<svg" in render('{% chart_bars "Spend" days %}', days=[])
    assert 'height="0.0"' in render('{% chart_bars "Spend" days %}', days=[("1 Nov", 0, "$0.00")])


def test_every_icon_a_template_names_is_in_the_sprite():
    root = Path(__file__).parents[2]
    sprite = set(re.findall(r'<symbol id="([^"]+)"', root.joinpath("static/icons.svg").read_text()))
    named = {
        name
        for template in root.joinpath("templates").rglob("*.html")
        for name in re.findall(r'(?:ui_icon |icon=)"([a-z-]+)"', template.read_text())
    }
    assert named
    assert named - sprite == set()


def test_a_decimal_keeps_each_digit_and_is_grouped_as_the_reader_writes():
    assert render("{{ '1234567.0500'|digits }}") == "1,234,567.0500"
    with translation.override("it"):
        assert render("{{ '1234567.0500'|digits }}") == "1.234.567,0500"
    assert render("{{ 'plenty'|digits }}") == "plenty"
