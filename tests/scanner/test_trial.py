"""Parsing the statements that edits touch says the same as parsing the whole file."""

from __future__ import annotations

import ast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.domain import patch
from planner.scanner.code.python_file import PythonFile
from planner.scanner.fixes.trial import Trial

PIECES = [
    "import a\n",
    "from a import b; c = 1\n",
    "# é\n",
    "\n",
    "x = '''one\ntwo'''\n",
    "y = 1 + \\\n    2\n",
    "@task\ndef f():\n    return 1\n",
    "with DAG('a') as dag:\n    g()\n\n    h()\n",
    "if x:\n    import d\nelse:\n    import e\n",
    "class A:\n    b = (\n        1,\n    )\n",
    "try:\n    import a\nexcept E:\n    @d\n    def f(): pass\n    g()\nelse:\n    if x: y()\n    z()\n",
    "with a:\n    with b:\n        c()\n        d = '''\n'''\n    e()\n",
    "if a:\n    b()\nelif c:\n    d()\n    e()\nelif f: g()\nelse:\n    h()\n",
    "match a:\n    case 1:\n        b()\n        c()\n",
]
WRITTEN = [
    "",
    "(",
    ")",
    "\n",
    "z = 1\n",
    "'''",
    "    ",
    "\\",
    "import q",
    "# c",
    ";",
    "    q()\n",
    "        q()\n",
    "pass",
    "else:\n",
]


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[patch.Edit]]:
    """A file that parses, and edits anywhere in it."""
    source = "".join(draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6)))
    if draw(st.booleans()):
        source = source.rstrip("\n")
    lines = source.split("\n")

    def place() -> tuple[int, int]:
        row = draw(st.integers(1, len(lines)))
        return row, draw(st.integers(1, len(lines[row - 1]) + 1))

    edits = []
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted([place(), place()])
        edits.append(patch.Edit(start, end, draw(st.sampled_from(WRITTEN))))
    return source, edits


def _parses(source: str, edits: list[patch.Edit]) -> bool:
    try:
        ast.parse(patch.applied(source, edits))
    except (patch.EditsRefused, SyntaxError):
        return False
    return True


@settings(max_examples=400)
@given(edited())
@example(("x = 1\ny = 2\n", [patch.Edit((1, 6), (2, 1), "")]))
@example(("x = 1\ny = 2\n", [patch.Edit((1, 6), (2, 1), "\\\n")]))
@example(("@task\ndef f():\n    pass\n", [patch.Edit((1, 1), (2, 1), "")]))
@example(
    (
        "if a:\n    b()\nelif c:\n    d()\n",
        [patch.Edit((3, 6), (3, 7), "x"), patch.Edit((4, 5), (4, 6), "y")],
    )
)
@example(
    (
        "if a:\n    b()\nelif c:\n    d()\n    e()\nelse:\n    h()\n",
        [patch.Edit((5, 1), (5, 1), "else:\n")],
    )
)
@example(("with a(b=1):\n    c()\n    d()\n", [patch.Edit((1, 12), (1, 13), ": \\")]))
@example(("import a\n", [patch.Edit((1, 1), (2, 1), "")]))
def test_a_trial_says_what_parsing_the_whole_file_says(case: tuple[str, list[patch.Edit]]) -> None:
    source, edits = case
    try:
        file = PythonFile("a.py", source)
    except SyntaxError:
        return
    assert Trial(file).parses(edits) == _parses(source, edits)
