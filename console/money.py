"""Money as whole minor units with a currency: how it is shown, typed and signed. Never a float."""

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, get_currency_symbol, parse_decimal, parse_pattern
from django.utils.formats import number_format
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from console.codego.wire import normal

# ISO 4217 where it is not two. Babel's own table follows cash use (no cents for IQD, HUF…), which is not what goes
# over the wire.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
ISO_EXPONENTS = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}
HOLDER_SIGNS = {"spend": -1, "refund": 1, "collateral": 1, "payment": 1, "fee": -1}
NOT_COUNTED = frozenset({"declined", "reversed"})
LARGEST = 2**63 - 1  # what a BigIntegerField holds
LONGEST_TYPED = 40
NOTHING = "—"


def exponent(currency: str) -> int:
    """Digits after the point; two where ISO 4217 does not know the currency, as for stablecoins kept in cents."""
    return ISO_EXPONENTS.get(currency.strip().upper(), 2)


def major(amount: int, currency: str) -> Decimal:
    """1250, usd → Decimal("12.50"), exact at any size."""
    return Decimal((int(amount < 0), Decimal(abs(amount)).as_tuple().digits, -exponent(currency)))


def format_minor(amount: int | None, currency: str) -> str:
    """1250, usd → $12.50, as the reader's language writes it; a dash where there is no amount."""
    if amount is None:
        return NOTHING
    code = currency.strip().upper()
    locale = _locale(get_language())
    pattern, symbol = _pattern(locale, code)
    with localcontext(prec=40, rounding=ROUND_HALF_EVEN):
        return str(pattern.apply(major(amount, code), locale)).replace("¤", symbol).strip()


def grouped(number: int) -> str:
    """12345 → 12,345, as the reader's language groups digits."""
    return str(number_format(number, force_grouping=True))


def parse_major(text: str, currency: str) -> int:
    """What a person typed, as minor units. ValueError carries a sentence for that person."""
    code = currency.strip().upper()
    digits = exponent(code)
    locale = _locale(get_language())
    typed = _without_currency(text, locale, code)
    if not typed:
        raise ValueError(_("Enter an amount, for example %(example)s.") % {"example": major(125_000, code)})
    if not re.fullmatch(r"[+-]?[0-9][0-9.,'\u2019\u00a0\u202f ]*|[+-]?[.,][0-9]+", typed):
        raise ValueError(_("“%(text)s” is not an amount.") % {"text": text.strip()})
    if len(typed) > LONGEST_TYPED:
        raise ValueError(_("This amount is too large."))
    try:
        value = parse_decimal(typed, locale=locale, strict=True)
    except (ValueError, InvalidOperation) as error:
        raise ValueError(_("“%(text)s” is not an amount.") % {"text": text.strip()}) from error
    with localcontext(prec=2 * LONGEST_TYPED):
        minor = value.scaleb(digits)
        whole = minor.to_integral_value()
    if minor != whole:
        raise ValueError(_("%(currency)s has no more than %(digits)d decimals.") % {"currency": code, "digits": digits})
    if abs(whole) > LARGEST:
        raise ValueError(_("This amount is too large."))
    return int(whole)


def signed_amount(type: str, status: str | None, amount: int | None) -> int:  # noqa: A002 (the wire's word)
    """The holder's side of it: what left is negative. Declined and reversed count nothing, and so does an unknown type.
    A refund comes over the wire as a negative spend and so turns positive."""
    if amount is None or normal(status) in NOT_COUNTED:
        return 0
    return HOLDER_SIGNS.get(normal(type), 0) * amount


@lru_cache(maxsize=64)
def _locale(language: str | None) -> Locale:
    try:
        return Locale.parse(to_locale(language or "en"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@lru_cache(maxsize=512)
def _pattern(locale: Locale, code: str) -> tuple[NumberPattern, str]:
    """The locale's way of writing money with the ISO number of decimals, and a code set apart from its number."""
    symbol = get_currency_symbol(code, locale=locale) if code else ""
    written = locale.currency_formats["standard"].pattern
    if symbol[-1:].isalpha():
        written = re.sub(r"¤(?=[#0])", "¤\u00a0", written)
    if symbol[:1].isalpha():
        written = re.sub(r"(?<=[#0])¤", "\u00a0¤", written)
    digits = exponent(code)
    decimals = "." + "0" * digits if digits else ""
    return parse_pattern(re.sub(r"\.0+", decimals, written)), symbol


def _without_currency(text: str, locale: Locale, code: str) -> str:
    """The number alone, where it carries its own currency's sign or code before or behind it."""
    typed = text.strip().replace("\u2212", "-")
    sign, typed = (typed[0], typed[1:].strip()) if typed[:1] in ("-", "+") else ("", typed)
    for mark in (code, get_currency_symbol(code, locale=locale)):
        if mark and typed.upper().startswith(mark.upper()):
            typed = typed[len(mark) :]
        elif mark and typed.upper().endswith(mark.upper()):
            typed = typed[: -len(mark)]
    return sign + typed.strip()
