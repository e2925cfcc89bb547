"""Typeset a document as PDF with Typst. Text comes in as JSON and is never markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import font_source_sans_pro
import typst

Paper = Literal["a4", "letter"]
PAPERS: tuple[Paper, ...] = ("a4", "letter")
TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "print"
_TYPST_PAPERS = {"a4": "a4", "letter": "us-letter"}


class TypesettingError(RuntimeError):
    """The template and the document do not fit, or Typst had something to say about them."""


def typeset(template: str, document: Mapping[str, Any], *, paper: Paper) -> bytes:
    """The PDF of ``templates/print/TEMPLATE``. The same document gives the same bytes.

    Fonts come from a package and from Typst itself, never from the system.

    Raises:
        TypesettingError: Typst failed or warned; a warning means that something is not as meant.
    """
    try:
        pages, warnings = typst.compile_with_warnings(
            TEMPLATES / template,
            root=TEMPLATES,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={
                "document": json.dumps(document, ensure_ascii=False),
                "paper": _TYPST_PAPERS[paper],
            },
            timestamp=0,
        )
    except typst.TypstError as error:
        raise TypesettingError(f"{template}: {error.message}") from error
    if warnings:
        raise TypesettingError(f"{template}: {warnings[0].message}")
    if not isinstance(pages, bytes):
        raise TypesettingError(f"{template}: Typst gave no document")
    return pages


@cache
def _fonts() -> typst.Fonts:
    folder = Path(font_source_sans_pro.__file__).parent / "files"
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])
