"""What a typed text can be. One text is often several things: 424242 is the number of a record, the beginning of an id
and a part of a telephone number. Four digits are the last four of a card; with # before them, a number."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from console.terms.words import digits_of, fold, joined

LONGEST = 200
LONGEST_NAME = 24  # of a word with digits
FEWEST = 6  # characters of an id: fewer fit too many
LARGEST = 2**63 - 1
CARD_NUMBER = re.compile(r"(?<![\w-])\d(?:[ -]?\d){13,18}(?![\w-])")
PHONE = re.compile(r"\+?[\d\s().\-/]{5,24}")


@dataclass(slots=True)
class Asked:
    """A text, understood. `words` and `names` are folded; `names` are all words, as merchants and companies carry digits."""

    text: str
    last_four: str = ""
    number: int | None = None
    ids: tuple[str, ...] = ()  # as typed and in small letters
    address: str = ""  # of a wallet or a contract, or a hash on a chain: its beginning, folded
    phone: str = ""  # digits, five or more
    words: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    was_card_number: bool = False

    def __bool__(self) -> bool:
        return bool(self.last_four or self.number or self.ids or self.address or self.phone or self.names)


def _last_four(asked: Asked, found: re.Match[str]) -> None:
    asked.last_four = asked.last_four or found[1]


def _number(asked: Asked, found: re.Match[str]) -> None:
    number = int(found[1] or found[2])
    asked.number = number if 0 < number <= LARGEST else None


def _id(asked: Asked, found: re.Match[str]) -> None:
    asked.ids = tuple(dict.fromkeys((found[0], found[0].lower())))


def _address(asked: Asked, found: re.Match[str]) -> None:
    asked.address = fold(found[0])


def _word(asked: Asked, found: re.Match[str]) -> None:
    token = fold(found[0])
    if len(token) > LONGEST_NAME and re.search(r"[0-9]", token) and "@" not in token:
        return  # an id: nobody and nothing is called so
    if word := token if "@" in token.strip("@") else joined(token):
        asked.names.append(word)
        if len(word) > 1 and not re.fullmatch(r"\d{4}", word):
            asked.words.append(word)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a word looks like, and what is learned from it. `alone`: only where it is all that was typed."""

    looks: re.Pattern[str]
    learn: Callable[[Asked, re.Match[str]], None]
    alone: bool = False


KINDS = (
    Kind(re.compile(r"[•*·.…xX-]*([0-9]{4})"), _last_four),
    Kind(re.compile(r"#([0-9]{1,19})|(?![0-9]{4}$)([0-9]{1,19})"), _number, alone=True),
    Kind(re.compile(rf"(?=.*[0-9])[A-Za-z0-9_.:\-]{{{FEWEST},128}}"), _id, alone=True),
    Kind(re.compile(rf"(?=.*[0-9])[A-Za-z0-9]{{{FEWEST},128}}"), _address, alone=True),
    Kind(re.compile(r".*"), _word),
)


def understand(text: str) -> Asked:
    """Whatever the text: card numbers are cut to their last four before anything is looked up."""
    asked = Asked(_clean(text))
    rest, asked.was_card_number = _without_card_number(asked.text)
    tokens = rest.split()
    for token in tokens:
        for kind in KINDS:
            if (not kind.alone or len(tokens) == 1) and (found := kind.looks.fullmatch(token)):
                kind.learn(asked, found)
    if not asked.was_card_number and PHONE.fullmatch(rest) and len(digits := digits_of(rest)) > 4:
        asked.phone = digits
    return asked


def _clean(text: str) -> str:
    """One line without characters that do not print."""
    shown = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} else c for c in text)
    return " ".join(unicodedata.normalize("NFKC", shown[:LONGEST]).split())


def _without_card_number(text: str) -> tuple[str, bool]:
    found = CARD_NUMBER.search(text)
    if found is None or not _adds_up(digits := digits_of(found[0])):
        return text, False
    return f"{text[: found.start()]} {digits[-4:]} {text[found.end() :]}", True


def _adds_up(digits: str) -> bool:
    """The check digit by Luhn, which most other long numbers fail."""
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
