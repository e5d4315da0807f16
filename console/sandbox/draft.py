"""A world while it is being made: its random numbers, its present, and the documents so far."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.sandbox.wire import Json


@dataclass(frozen=True, slots=True)
class Size:
    holders: int
    companies: int
    cards: int
    transactions: int
    disputes: int
    undecided_every: int  # one in so many applicants is not approved
    written: bool = True  # or made anew whenever it is asked for


@dataclass(slots=True)
class Draft:
    rng: random.Random
    base: datetime
    size: Size
    docs: dict[str, list[Json]] = field(default_factory=dict)

    def id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def hex(self, length: int) -> str:
        return f"0x{self.rng.randbytes(length).hex()}"

    def before(self, least_days: float, most_days: float) -> datetime:
        return self.base - timedelta(seconds=self.rng.uniform(least_days, most_days) * 86400)

    def after(self, moment: datetime, least_days: float, most_days: float) -> datetime:
        """So many days later, or less when the present would be passed."""
        wanted = moment + timedelta(seconds=self.rng.uniform(least_days, most_days) * 86400)
        return wanted if wanted < self.base else moment + (self.base - moment) * self.rng.random()

    def add(self, noun: str, doc: Json) -> Json:
        self.docs.setdefault(noun, []).append(doc)
        return doc
