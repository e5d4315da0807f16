"""What we send when a card is made or changed: typed, and written for the wire in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`amount` in cents; amount and frequency always travel together."""

    amount: int
    frequency: str

    def wire(self) -> dict[str, Any]:
        return {"amount": self.amount, "frequency": self.frequency}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCard:
    """`shipping` (physical cards) and `billing` carry the provider's own field names; None is not sent."""

    type: str
    status: str | None = "active"
    limit: Limit | None = None
    display_name: str | None = None
    product_id: str | None = None
    shipping: Mapping[str, str] | None = None
    billing: Mapping[str, str] | None = None

    def wire(self) -> dict[str, Any]:
        configuration = _given(displayName=self.display_name, productId=self.product_id)
        return _given(
            type=self.type,
            status=self.status,
            limit=self.limit and self.limit.wire(),
            configuration=configuration or None,
            shipping=self.shipping and dict(self.shipping),
            billing=self.billing and dict(self.billing),
        )


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
