"""The geometry of charts: nothing is negative, nothing leaves its place, parts add up to their whole."""

import random
from itertools import pairwise

import pytest

from console import charts
from console.charts import Chart, Mark


def made(values):
    return [Mark(str(place), value, str(value)) for place, value in enumerate(values)]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_values_marks_keep_their_proportions_and_their_place(seed):
    rng = random.Random(seed)
    values = [rng.choice([0, -5, rng.randrange(1, 10 ** rng.randrange(1, 15))]) for _ in range(rng.randrange(0, 100))]
    marks = made(values)
    top, whole = max([*values, 0]) or 1, sum(max(value, 0) for value in values) or 1

    bars = charts.bars(marks)
    assert [bar.mark for bar in bars] == marks
    for bar, value in zip(bars, values, strict=True):
        assert 0 <= bar.height <= charts.HEIGHT
        assert bar.x >= 0
        assert bar.x + bar.width <= charts.WIDTH + 1e-6
        assert bar.y + bar.height == pytest.approx(charts.HEIGHT)
        assert bar.height == pytest.approx(charts.HEIGHT * max(value, 0) / top)
    for one, next_one in pairwise(bars):
        assert one.x + one.width <= next_one.x

    rows = charts.rows(marks)
    assert [row.width for row in rows] == [pytest.approx(100 * max(value, 0) / top) for value in values]

    parts = charts.stack(marks)
    at = 0.0
    for part, value in zip(parts, values, strict=True):
        assert part.x == pytest.approx(at)
        assert part.width == pytest.approx(100 * max(value, 0) / whole)
        at += part.width
    assert at == pytest.approx(100 if any(value > 0 for value in values) else 0)


def test_each_kind_is_placed_by_its_own_rule():
    marks = made([3, 1])
    assert [each.width for each in charts.placed(Chart("Parts", marks, "stack"))] == [75, 25]
    assert [each.width for each in charts.placed(Chart("Rows", marks, "rows"))] == [100, pytest.approx(100 / 3)]
    assert [each.height for each in charts.placed(Chart("Days", marks, "bars"))] == [120, 40]
