"""Every character that the paper is said to print has a glyph in the PDF's fonts."""

import json
import unicodedata
from io import BytesIO

import typst
from pypdf import PdfReader
from pypdf.generic import ContentStream

from planner.domain.paper import is_printed
from planner.rendering.pdf import _fonts

DRAWN = """#set page(width: auto, height: auto)
#set text(font: ("Source Sans Pro", "DejaVu Sans Mono"))
#for text in json(bytes(sys.inputs.text)) [#text #strong(text) ]"""
NO_GLYPH = b"\0\0"


def draws_empty_boxes(characters: list[str]) -> bool:
    pdf = typst.compile(
        DRAWN.encode(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"text": json.dumps(characters)},
    )
    assert isinstance(pdf, bytes)
    (page,) = PdfReader(BytesIO(pdf)).pages
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        if operator not in (b"Tj", b"TJ"):
            continue
        shown = operands[0] if isinstance(operands[0], list) else operands
        for part in shown:
            glyphs = getattr(part, "original_bytes", b"")
            if NO_GLYPH in [glyphs[at : at + 2] for at in range(0, len(glyphs), 2)]:
                return True
    return False


def test_a_character_without_a_glyph_is_seen() -> None:
    assert draws_empty_boxes(["a", "山"])
    assert not is_printed("山") and not is_printed("🚀")


def test_every_character_called_printed_has_one() -> None:
    printed = [
        chr(code)
        for code in range(0x20, 0x10000)
        if is_printed(chr(code))
        and chr(code).isprintable()
        and not unicodedata.combining(chr(code))
    ]

    assert len(printed) > 3_000
    assert not draws_empty_boxes(printed)
