"""A QR code as the path of an SVG: drawn here, so that no address of a link goes to anybody who draws pictures."""

from typing import NamedTuple

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # modules of white around it, which readers need


class Picture(NamedTuple):
    """`side` in modules, the white around it included; `path` is that of the dark ones."""

    side: int
    path: str


def picture(text: str) -> Picture:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    rows: list[list[bool]] = code.get_matrix()
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on)
    return Picture(len(rows), "".join(dark))
