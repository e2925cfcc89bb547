"""The decision as plain text: the sentence first, then what it is made of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from planner.domain.decision import Decision
from planner.domain.support import LineClock

WIDTH = 100


def decision_as_text(decision: Decision) -> str:
    """What ``decide`` prints for people."""
    blocks = (
        [_wrapped(decision.sentence)],
        [
            _wrapped(f"- {sentence[0].upper()}{sentence[1:]}.")
            for sentence in decision.preconditions
        ],
        _signals(decision),
        [f"Gate: {decision.gate.sentence}."],
        [
            _wrapped(f"Second opinion: {decision.second_opinion.sentence}"),
            _wrapped(f"Evidence: {decision.evidence_opinion.sentence}"),
        ],
        _titled("Contradictions", (found.sentence for found in decision.contradictions)),
        _titled("What would flip it", (flip.sentence for flip in decision.flips)),
        _effort(decision),
        _support(decision),
    )
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def _signals(decision: Decision) -> list[str]:
    rows = [
        (signal.label, signal.answer, f"{signal.points} of {signal.worth}")
        for signal in decision.signals
    ]
    rows.append(
        ("Total", f"{decision.threshold} needed", f"{decision.points} of {decision.most_points}")
    )
    return _table(("Signal", "Answer", "Points"), rows)


def _effort(decision: Decision) -> list[str]:
    effort = decision.effort
    rows = [
        (
            figure.title,
            "-" if figure.quarters is None else f"{figure.quarters:.2f}",
            "-" if figure.weeks is None else f"{figure.weeks:.1f}",
        )
        for figure in effort.figures
    ]
    return [
        _wrapped(f"Effort: {effort.sentence}. {effort.disagreement} {effort.capacity}"),
        *_table(("Estimate", "Quarters", "Weeks"), rows),
    ]


def _support(decision: Decision) -> list[str]:
    support = decision.support
    lines = [support.current, *([support.target] if support.target else [])]
    return ["Support:", *(f"  {line}" for clock in lines for line in _clock(clock))]


def _clock(clock: LineClock) -> list[str]:
    runs = f"Python {clock.python[0]} to {clock.python[-1]}" if clock.python else ""
    return [
        clock.sentence,
        *([f"  Tested with {' and '.join(filter(None, (runs, clock.database)))}."] if runs else []),
    ]


def _titled(title: str, sentences: Iterable[str]) -> list[str]:
    lines = [_wrapped(f"- {sentence}") for sentence in sentences]
    return [f"{title}:", *lines] if lines else []


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent="  " if text.startswith("- ") else "", break_on_hyphens=False
    )
