"""What a case measured, and how it is shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Result:
    """`ours` and `baseline` are the rounds in `unit`; the ratio of their medians has to keep to `most`."""

    name: str
    ours: Sequence[float]
    baseline: Sequence[float]
    unit: str
    most: float
    note: str = ""

    @property
    def ratio(self) -> float:
        return median(self.ours) / median(self.baseline)

    @property
    def holds(self) -> bool:
        return self.ratio <= self.most

    def as_json(self) -> dict[str, object]:
        facts = {name: value for name, value in asdict(self).items() if name in {"name", "unit"}}
        return facts | {
            "ours": median(self.ours), "baseline": median(self.baseline), "ratio": round(self.ratio, 3),
            "target": f"≤ {self.most} ×", "holds": self.holds,
        }  # fmt: skip


def table(results: Sequence[Result]) -> str:
    head = ("case", "ours", "spread", "baseline", "ratio", "target", "", "")
    rows = [head, *(_row(result) for result in results)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(head))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        f"{median(result.ours):.2f} {result.unit}",
        f"{min(result.ours):.2f}–{max(result.ours):.2f}",
        f"{median(result.baseline):.2f} {result.unit}",
        f"{result.ratio:.3f} ×",
        f"≤ {result.most} ×",
        "holds" if result.holds else "MISSED",
        result.note,
    )
