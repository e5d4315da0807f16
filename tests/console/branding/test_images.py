"""What is taken for an image, and what only pretends to be one."""

import struct
import zlib

import pytest
from django.core.exceptions import ValidationError

from console.branding.images import picture


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 40, height: int = 20) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x22\x66\xaa" * min(width, 64)) * min(height, 64))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int = 40, height: int = 20) -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8\xff\xe0\x00\x04JF" + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\x34" + b"\xff\xd9"
    )


def webp(body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


LOSSLESS = webp(b"VP8L" + struct.pack("<I", 5) + b"\x2f" + struct.pack("<I", 39 | 19 << 14) + b"\0")
LOSSY = webp(b"VP8 " + struct.pack("<I", 10) + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 40, 20))
EXTENDED = webp(b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\x27\0\0" + b"\x13\0\0")
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">%s</svg>'
SVG = (DRAWING % '<path d="M5 9h14" fill="url(#a)"/><use href="#b"/>').encode()


@pytest.mark.parametrize(("data", "kind"), [
    (png(), "png"), (jpeg(), "jpg"), (LOSSLESS, "webp"), (LOSSY, "webp"), (EXTENDED, "webp"), (SVG, "svg"),
    (b'<?xml version="1.0"?>\n' + SVG, "svg"),
])  # fmt: skip
def test_an_image_is_known_by_its_content_and_measured(data, kind):
    found = picture(data)
    assert (found.kind, found.width, found.height) == (kind, 40, 20)
    assert found.name.endswith(f".{kind}")


@pytest.mark.parametrize("data", [b"", b"GIF89a" + b"\0" * 20, b"<html><svg></svg></html>", b"%PDF-1.4", b"BM1234"])
def test_what_is_none_of_the_four_is_refused(data):
    with pytest.raises(ValidationError, match="not a PNG, JPEG, WebP or SVG"):
        picture(data)


@pytest.mark.parametrize("data", [
    png() + b"<script>alert(1)</script>",
    png()[:-4],
    png()[:40] + b"\x00" + png()[41:],
    jpeg() + b"<script>alert(1)</script>\xff\xd9",
    jpeg() + b"PK\x03\x04",
    jpeg()[:14],
    LOSSY + b"<script>",
    webp(b"ALPH" + b"\0" * 30),
    SVG[:-3],
    b"<svg xmlns='http://www.w3.org/2000/svg'/><script/>",
])  # fmt: skip
def test_what_is_broken_or_carries_something_else_is_refused(data):
    with pytest.raises(ValidationError, match="damaged, or something is attached"):
        picture(data)


@pytest.mark.parametrize("inside", [
    "<script>alert(1)</script>",
    '<g onload="alert(1)"/>',
    '<a href="https://elsewhere.test"><path/></a>',
    '<use href="https://elsewhere.test/x.svg#a"/>',
    '<foreignObject><b xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
    '<image href="https://elsewhere.test/p.png"/>',
    "<style>@import 'https://elsewhere.test/x.css';</style>",
    '<rect fill="url(https://elsewhere.test/p)"/>',
    '<animate attributeName="href" values="javascript:alert(1)"/>',
    '<?xml-stylesheet href="https://elsewhere.test/x.css"?>',
    '<cc:script xmlns:cc="http://www.w3.org/2000/svg">alert(1)</cc:script>',
    '<dc:script xmlns:dc="http://www.w3.org/1999/xhtml">alert(1)</dc:script>',
    '<g xmlns="http://www.w3.org/1999/xhtml"/>',
    r"<style>g { fill: u\72l(https://elsewhere.test/p) }</style>",
    '<style>g { fill: image-set("https://elsewhere.test/p" 1x) }</style>',
])  # fmt: skip
def test_a_drawing_that_runs_or_reaches_out_is_refused(inside):
    with pytest.raises(ValidationError, match="holds more than a drawing"):
        picture((DRAWING % inside).encode())


def test_what_drawing_programs_note_about_themselves_is_no_part_of_the_drawing():
    notes = (
        '<sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" sodipodi:docname="D:\\a.svg"'
        r' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:export-filename="C:\desk\logo.png"/>'
        '<metadata><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>'
    )
    assert picture((DRAWING % notes).encode()).kind == "svg"


def test_a_drawing_that_grows_when_it_is_read_is_refused():
    with pytest.raises(ValidationError, match="DOCTYPE"):
        picture(
            b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg viewBox="0 0 1 1">&b;</svg>'
        )


def test_an_image_has_a_size_that_a_page_can_hold():
    with pytest.raises(ValidationError, match="at most 4096 pixels"):
        picture(png(5000, 10))
    with pytest.raises(ValidationError, match="does not say how large"):
        picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
