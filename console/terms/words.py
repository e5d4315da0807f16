"""What each noun is found by. The rows are looked at by attribute alone, so that migrations can use this too."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

LONGEST = 128
BACKWARDS = "~"  # before digits written from the end, so that a prefix of them is how the number ends
APART = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i", "\0": None}
)


class Word(NamedTuple):
    text: str
    personal: bool


def fold(text: str) -> str:
    """Without case and accents: José Łukasz → jose lukasz."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return bare.casefold().translate(APART)


def joined(token: str) -> str:
    """A word without what stands between its letters: o'neil → oneil. Of folded text."""
    return re.sub(r"[\W_]+", "", token)


def words_of(text: str) -> set[str]:
    """The words of a name, each with and without its hyphens and apostrophes."""
    found = set()
    for token in fold(text).split():
        found |= {joined(token), *re.split(r"[\W_]+", token)}
    return {word[:LONGEST] for word in found if word}


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))


def _email(text: str) -> set[str]:
    """Whole, and what stands before the @, with and without its dots."""
    whole = fold(text.strip())
    box = whole.partition("@")[0]
    return {part[:LONGEST] for part in (whole, box, joined(box)) if part}


def _phone(country: str, number: str) -> set[str]:
    code, own = digits_of(country), digits_of(number)
    return {own[:LONGEST], (code + own)[:LONGEST], BACKWARDS + (code + own)[::-1][: LONGEST - 1]} if own else set()


def _cardholder(row: Any) -> Iterator[Word]:
    personal = words_of(f"{row.first_name} {row.last_name}") | _email(row.email)
    personal |= _phone(row.phone_country_code, row.phone_number)
    yield from (Word(text, personal=True) for text in personal)


def _company(row: Any) -> Iterator[Word]:
    names = words_of(row.name)
    yield from (Word(text, personal=False) for text in names)
    yield from (Word(text, personal=True) for text in _email(row.email) - names)


def _card(row: Any) -> Iterator[Word]:
    return (Word(text, personal=True) for text in words_of(row.display_name))


def _merchant(row: Any) -> Iterator[Word]:
    return (Word(text, personal=False) for text in words_of(row.name))


def _addresses(*columns: str) -> Callable[[Any], Iterator[Word]]:
    """Addresses and hashes on a chain, which differ in case from place to place."""

    def words(row: Any) -> Iterator[Word]:
        texts = {fold(getattr(row, column))[:LONGEST] for column in columns}
        return (Word(text, personal=False) for text in texts if text)

    return words


FOUND_BY: dict[str, Callable[[Any], Iterable[Word]]] = {
    "card": _card,
    "cardholder": _cardholder,
    "company": _company,
    "contract": _addresses("deposit_address", "proxy_address", "controller_address"),
    "merchant": _merchant,
    "transaction": _addresses("transaction_hash", "wallet_address"),
}


def found_by(noun: str, row: Any) -> frozenset[Word]:
    return frozenset(FOUND_BY[noun](row)) if noun in FOUND_BY else frozenset()
