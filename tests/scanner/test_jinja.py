"""What templates ask of the context: names, their places, and texts made to do harm."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scanner.around.jinja import Reading, reading_of
from planner.scanner.code.python_file import PythonFile
from planner.scanner.readers.python_templates import templates_of


def names(text: str) -> list[tuple[str, ...]]:
    return [use.path for use in reading_of(text, in_pieces=True).uses]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("{{ a.b['c'].d }}", [("a", "b", "c", "d")]),
        ("{{ f(a, b=c) | g(d) }}", [("f",), ("a",), ("c",), ("d",)]),
        ("{% if a %}{{ b }}{% else %}{{ c }}{% endif %}", [("a",), ("b",), ("c",)]),
        ("{% for a in b %}{{ a }}{% endfor %}", [("b",)]),
        ("{% set a = b %}{{ a }}", [("b",)]),
        ("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}", []),
        ("{{ a }} {% if b %}", [("a",)]),
        ("{{ .Values.a }}", []),
        ("{{ a[b] }}", [("a",), ("b",)]),
    ],
)
def test_names_that_a_template_reads(text: str, read: list[tuple[str, ...]]) -> None:
    assert names(text) == read


def test_what_excuses_a_name_that_is_not_there() -> None:
    (default,) = reading_of("{{ a.b | default('x') }}").uses
    called, *_ = reading_of("{{ a.b() | default('x') }}").uses
    asked = reading_of("{% if a is defined %}{{ a.b }}{% endif %}").uses

    assert (default.excused(1), default.excused(2)) == (False, True)
    assert not called.excused(2)
    assert all(use.excused(1) for use in asked)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_around_a_name_is_read_or_refused(before: str, after: str) -> None:
    reading = reading_of(f"{before}{{{{ wanted }}}}{after}")

    for use in reading.uses:
        if use.path == ("wanted",):
            text = f"{before}{{{{ wanted }}}}{after}"
            assert text[use.offsets[0] :].startswith("wanted")


@given(st.text(alphabet="{}%# ab.|()[]'\"-\n", max_size=200))
def test_no_text_of_brackets_raises(text: str) -> None:
    assert isinstance(reading_of(text, in_pieces=True), Reading)


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 100_000,
        "{{ a }}" * 30_000,
        "{{ " + "(" * 20_000 + "a" + ")" * 20_000 + " }}",
        "{{ a" + ".b" * 50_000 + " }}",
        "{{ a" + " + b" * 50_000 + " }}",
        "{% if a %}" * 20_000,
        "{{ a }}{% " * 20_000,
        "{{ a if b else " * 5_000,
    ],
    ids=range(8),
)
def test_templates_made_to_do_harm_take_seconds_at_most(text: str) -> None:
    start = time.monotonic()

    reading_of(text, in_pieces=True)

    assert time.monotonic() - start < 20


LITERALS = {
    "plain": '"load {{{{ {word} }}}}"',
    "with escapes": '"é\\n\\t{{{{ {word} }}}}"',
    "raw": 'r"\\d {{{{ {word} }}}}"',
    "of several lines": '"""\n  {word} =\n  {{{{ {word} }}}}\n"""',
    "adjoining": '("a "\n    "b {{{{ {word} }}}}")',
    "f-string": 'f"{{x}} {{{{{{{{ {word} }}}}}}}}"',
    "format": '"{{0}} {{{{{{{{ {word} }}}}}}}}".format(1)',
}


@pytest.mark.parametrize("form", LITERALS)
def test_the_place_of_a_name_is_where_the_source_has_it(form: str) -> None:
    literal = LITERALS[form].format(word="next_ds")
    file = PythonFile("a.py", f"import airflow\n\nx = 1\nname = {literal}\n")

    (template,) = templates_of(file)
    (use,) = reading_of(template.text).uses
    place = template.place_of("next_ds", use.offsets[0])

    assert file.lines[place.line - 1][place.column - 1 :].startswith("next_ds }")
    assert template.spells("next_ds", place)


def test_strings_that_nothing_renders_are_left_out() -> None:
    source = '''
"""Airflow {{ a }}"""
def f():
    """{{ b }}"""
DAG("x", doc_md="{{ c }}", description="{{ d }}", sql="{{ e }}")
'''
    file = PythonFile("a.py", source + "import airflow\n")

    assert [template.text for template in templates_of(file)] == ["{{ e }}"]
