"""Images as they are uploaded: judged by their content, never by a name. What comes after the image's own end, or could
run in it, is refused."""

import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from xml.parsers import expat

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
ACCEPT = ",".join(TYPES.values())
MOST_PIXELS = 4096  # of either side
SVG_NAMES = frozenset({
    "circle", "clipPath", "defs", "desc", "ellipse", "g", "line", "linearGradient", "marker", "mask", "metadata", "path",
    "pattern", "polygon", "polyline", "radialGradient", "rect", "stop", "style", "svg", "symbol", "text", "title", "tspan",
    "use",
})  # what a mark is drawn with; nothing that runs, links away or brings HTML in  # fmt: skip
SVG = "http://www.w3.org/2000/svg"
NOTES = frozenset({
    "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd", "http://www.inkscape.org/namespaces/inkscape",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://purl.org/dc/elements/1.1/", "http://creativecommons.org/ns#",
    "http://web.resource.org/cc/",
})  # what drawing programs note about themselves; a prefix can be bound to anything  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that was found sound."""

    kind: str  # a key of TYPES
    width: int
    height: int
    data: bytes

    @property
    def name(self) -> str:
        return f"{hashlib.sha256(self.data).hexdigest()}.{self.kind}"

    @property
    def content_type(self) -> str:
        return TYPES[self.kind]


def picture(data: bytes) -> Picture:
    """What this is an image of; ValidationError with a sentence that says what to change."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        kind, measure = "png", _png
    elif data.startswith(b"\xff\xd8\xff"):
        kind, measure = "jpg", _jpeg
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind, measure = "webp", _webp
    elif re.match(rb"(\xef\xbb\xbf)?\s*<(\?xml|!--|svg)", data):
        kind, measure = "svg", _svg
    else:
        raise ValidationError(_("This is not a PNG, JPEG, WebP or SVG image. Choose another file."))
    try:
        width, height = measure(data)
    except (struct.error, IndexError, ValueError, OverflowError, expat.ExpatError) as broken:
        raise ValidationError(
            _("This image is damaged, or something is attached to it. Save it again and choose the new file.")
        ) from broken
    if not width or not height:
        raise ValidationError(
            _("This image does not say how large it is. Give it a width and a height, or save it as PNG.")
        )
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise ValidationError(_("Make the image at most %(most)d pixels wide and high.") % {"most": MOST_PIXELS})
    return Picture(kind, width, height, data)


def _png(data: bytes) -> tuple[int, int]:
    place, kinds = 8, []
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        (check,) = struct.unpack_from(">I", data, place + 8 + length)
        if zlib.crc32(data[place + 4 : place + 8 + length]) != check:
            raise ValueError(kind)
        kinds.append(kind)
        place += 12 + length
    if kinds[0] != b"IHDR" or kinds.index(b"IEND") != len(kinds) - 1 or b"IDAT" not in kinds:
        raise ValueError(kinds)
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """Walks the segments to the frame's size, and looks that the image's end is the file's end."""
    place, size = 2, (0, 0)
    while (marker := data[place + 1]) != 0xDA:  # start of scan: from here on it is entropy-coded
        if data[place] != 0xFF:
            raise ValueError(place)
        (length,) = struct.unpack_from(">H", data, place + 2)
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", data, place + 5)
            size = (width, height)
        place += 2 + length
    if data.find(b"\xff\xd9", place) != len(data) - 2:
        raise ValueError(len(data))
    return size


def _webp(data: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 != len(data):
        raise ValueError(length)
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError(kind)


def _svg(data: bytes) -> tuple[int, int]:
    """The size of its box. It is shown as an image and never opened as a page, where nothing in it could run; what could is
    refused all the same."""
    root: list[dict[str, str]] = []

    def opened(name: str, attributes: dict[str, str]) -> None:
        space, _space, plain = name.rpartition(" ")
        if not root and plain != "svg":
            raise ValueError(name)
        root.append(attributes)
        if space not in NOTES and not (space in {"", SVG} and plain in SVG_NAMES):
            _refuse(plain)
        for attribute, value in attributes.items():
            space, _space, plain = attribute.rpartition(" ")
            away = plain.lower() in {"href", "src"} and not value.strip().startswith("#")
            if plain.lower().startswith("on") or away or (space not in NOTES and _reaches_out(value)):
                _refuse(plain)

    def said(text: str) -> None:
        if _reaches_out(text):
            _refuse("style")

    def doctype(*_found: object) -> None:
        _refuse("DOCTYPE")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = opened, said
    parser.StartDoctypeDeclHandler = doctype
    parser.ProcessingInstructionHandler = lambda target, _data: _refuse(target)
    parser.Parse(data, True)
    box = [float(number) for number in re.split(r"[\s,]+", root[0].get("viewBox", "").strip()) if number]
    sides = [re.match(r"\d+", root[0].get(side, "")) for side in ("width", "height")]
    width, height = box[2:] if len(box) == 4 else (float(side[0]) if side else 0 for side in sides)
    return round(width), round(height)


def _reaches_out(text: str) -> bool:
    """Whether a style or a value names something outside of the drawing, or may hide that behind an escape."""
    outside = r"\\|javascript:|@import|image-set\(|expression\(|url\(\s*['\"]?\s*[^#'\"\s]"
    return bool(re.search(outside, text, re.IGNORECASE))


def _refuse(what: str) -> None:
    raise ValidationError(
        _("This SVG holds more than a drawing (%(what)s). Export it as plain SVG, or as PNG, and choose that file.")
        % {"what": what}
    )
