"""Instants as the provider writes them: ISO 8601, UTC, milliseconds, a Z."""

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp() -> str:
    return iso(now())


def ago(**span: float) -> str:
    return iso(now() - timedelta(**span))


def read(text: str) -> datetime:
    """Raises ValueError when the text is no instant; one without a zone is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
