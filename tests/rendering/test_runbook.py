"""The runbook on paper: sizes, footers, whole rows, rollback apart, and hostile words."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.template.loader import render_to_string
from pypdf import PageObject, PdfReader

from planner.domain.facts import DeploymentFacts
from planner.domain.report import DagEntry
from planner.domain.runbook import Readiness, build_runbook, document_of
from planner.domain.runbook_params import params_from
from planner.rendering.pdf import TypesettingError, typeset
from planner.rendering.runbook import runbook_as_markdown, sheet_of
from planner.rulebook.load import rulebook

HOSTILE = '#panic("x") *b* $x$ @a `c` <i>&amp; \\ "q" [z] //'
FACTS = DeploymentFacts(
    name="Production", current_version="2.10.5", target_version="3.1", dag_count=400
)


def document(
    way: str = "side-by-side", *, name: str = "Production", **changes: Any
) -> dict[str, Any]:
    params = params_from(
        {"freeze": "2027-03-26T18:00", "zone": "Europe/Berlin", "way": way, **changes}, rulebook()
    )
    book = build_runbook(
        params,
        dataclasses.replace(FACTS, name=name),
        rulebook(),
        slug="production",
        readiness=Readiness(today=datetime(2026, 11, 22, tzinfo=UTC), open_blocks=3),
        dags=[DagEntry(f"dag_{n:02}", "dags/a.py", (f"team-{n}",)) for n in range(30)],
    )
    return document_of(book.content, hash=book.hash, revision=3, recorded="22 Nov 2026 by Alice")


def pages_of(whole: dict[str, Any], paper: Any = "a4") -> list[PageObject]:
    return list(PdfReader(BytesIO(typeset("runbook.typ", whole, paper=paper))).pages)


def words(text: str) -> str:
    """Text without the white space and invisible breaks that lines bring."""
    return re.sub(r"[\s\u200b]+", "", text)


class TestPdf:
    @pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("letter", (612, 792))])
    @pytest.mark.parametrize("way", ["side-by-side", "in-place"])
    def test_every_page_carries_hash_and_number(
        self, paper: str, size: tuple[int, int], way: str
    ) -> None:
        whole = document(way)

        pages = pages_of(whole, paper)

        for number, page in enumerate(pages, start=1):
            text = page.extract_text()
            assert f"Revision 3 · hash {whole['hash']}" in text
            assert f"Page {number} of {len(pages)}" in text
            assert "Roll back above 5 % for 30 min" in text
            assert (round(page.mediabox.width), round(page.mediabox.height)) == size

    @pytest.mark.parametrize("way", ["side-by-side", "in-place"])
    def test_every_page_says_where_the_rollback_is(self, way: str) -> None:
        texts = [page.extract_text() for page in pages_of(document(way))]

        number = 1 + next(
            index
            for index, text in enumerate(texts)
            if "This page needs none of the others" in text
        )
        assert f"The way back is page {number}" in texts[0]
        assert all(f"Rollback: page {number}." in text for text in texts)

    @pytest.mark.parametrize("way", ["side-by-side", "in-place"])
    def test_no_line_number_is_left_out(self, way: str) -> None:
        whole = document(way)
        told = words("".join(page.extract_text() for page in pages_of(whole)))

        for step in whole["steps"]:
            if step["kind"] == "pause-point":
                assert words(f"{step['number']}. Pause. {step['action']}") in told

    @pytest.mark.parametrize("way", ["side-by-side", "in-place"])
    def test_every_step_is_on_it_once_and_whole(self, way: str) -> None:
        whole = document(way)
        pages = [words(page.extract_text()) for page in pages_of(whole)]

        for step in whole["steps"]:
            if step["kind"] == "pause-point":
                continue
            start = words(f"{step['number']}. {step['action']}")
            found = [page for page in pages if start in page]
            assert len(found) == 1, step["key"]
            assert words(step["expect"]) in found[0], step["key"]
            assert words(step["otherwise"]) in found[0], step["key"]
            for line in step["command"].splitlines():
                assert words(line) in found[0], step["key"]

    @pytest.mark.parametrize("way", ["side-by-side", "in-place"])
    def test_no_line_breaks_inside_an_option(self, way: str) -> None:
        """What is typed from paper must not gain a space after its hyphens."""
        whole = document(way)
        lines = [line for page in pages_of(whole) for line in page.extract_text().splitlines()]
        broken = [line for line in lines if re.search(r"\s--\w*-$", line) or line.endswith(" --")]
        commands = "\n".join(step["command"] for step in [*whole["steps"], *whole["rollback"]])
        assert not [line for line in broken if line.strip() in commands]

    def test_the_rollback_begins_its_own_page_and_shares_it_with_nothing(self) -> None:
        whole = document()
        texts = [page.extract_text() for page in pages_of(whole)]

        first = next(
            index
            for index, text in enumerate(texts)
            if "This page needs none of the others" in text
        )
        assert not any("The decision" in text for text in texts[first:])
        body = texts[first].replace("Cutover runbook: Production", "").replace("NOT READY", "")
        assert body.strip().startswith("Rollback")
        rest = words("".join(texts[first:]))
        for step in whole["rollback"]:
            assert words(step["action"]) in rest, step["key"]

    def test_nothing_is_set_smaller_than_11_points(self) -> None:
        sizes: set[float] = set()

        def note(text: str, _cm: Any, matrix: list[float], _font: Any, size: float) -> None:
            if text.strip():
                sizes.add(round(size * abs(matrix[3]), 1))

        for page in pages_of(document()):
            page.extract_text(visitor_text=note)
        assert sizes and min(sizes) >= 11

    def test_fonts_come_along_and_never_from_the_system(self) -> None:
        names = set()
        for page in pages_of(document()):
            for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
                names.add(font.get_object()["/BaseFont"].split("+")[1])
        assert {re.split("[-,]", name)[0] for name in names} == {"SourceSansPro", "DejaVuSansMono"}

    def test_hostile_words_are_only_words(self) -> None:
        whole = document(
            name=HOSTILE,
            roles={"lead": {"name": HOSTILE, "phone": "+1 #0", "backup": "名前 😀 العربية"}},
            words={"bridge": HOSTILE, "channel": "x" * 400},
        )

        text = words("".join(page.extract_text() for page in pages_of(whole)))

        assert text.count(words(HOSTILE)) > 5

    def test_the_same_document_gives_the_same_bytes(self) -> None:
        whole = document()

        assert typeset("runbook.typ", whole, paper="a4") == typeset(
            "runbook.typ", whole, paper="a4"
        )

    def test_what_typst_cannot_set_is_an_error_with_its_words(self) -> None:
        with pytest.raises(TypesettingError, match=r"runbook\.typ"):
            typeset("runbook.typ", {"deployment": {}}, paper="a4")


class TestSheet:
    def test_hostile_words_end_neither_style_nor_page(self) -> None:
        whole = document(
            name='</style><script>alert("x")</script>\\',
            roles={"lead": {"name": HOSTILE, "phone": '"}'}},
        )

        page = render_to_string("print/runbook.html", sheet_of(whole))

        assert "<script" not in page
        assert page.count("</style>") == 1
        style = page.split("<style>")[1].split("</style>")[0]
        strings = re.findall(r'content: "([^"]*)"', style)
        assert len(strings) >= 3
        assert "&lt;/style&gt;" in page

    def test_every_step_and_the_rollback_are_on_it(self) -> None:
        whole = document("in-place")

        page = render_to_string("print/runbook.html", sheet_of(whole))

        assert (
            page.count('aria-label="Check box"')
            == len(whole["steps"]) + len(whole["rollback"]) + 20
        )
        assert 'class="new-page rollback"' in page
        assert "http://" not in page.replace("http://www.w3.org", "")


class TestMarkdown:
    def test_hostile_words_make_no_markup(self) -> None:
        whole = document(words={"bridge": "a `b` <i> [x](y) | z", "lose_worker": "echo ``` x"})

        text = runbook_as_markdown(whole)

        assert "a \\`b\\` \\<i\\> \\[x\\](y) \\| z" in text
        assert "````sh\n  echo ``` x\n  ````" in text
