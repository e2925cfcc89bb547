"""The decision as plain text: the sentence first, then what it is made of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planner.domain.decision import Decision
from planner.domain.support import LineClock

WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Where things lie on the page's bars: shares of a bar's length."""

    points: tuple[bool, ...]
    """One box for every point there is, filled ones first."""
    need: float
    have: float
    effort_low: float
    effort_high: float
    effort_have: float


def bars_of(decision: Decision) -> Bars:
    """Scale the gate's and the effort's bars so that the longer mark leaves room for its label."""
    gate, effort = decision.gate, decision.effort
    gate_length = max(gate.need, gate.have) * 1.25
    high = effort.high.quarters or 0.0
    effort_length = max(high, gate.have) * 1.15
    return Bars(
        points=tuple(number < decision.points for number in range(decision.most_points)),
        need=round(gate.need / gate_length, 4),
        have=round(gate.have / gate_length, 4),
        effort_low=round((effort.low.quarters or 0.0) / effort_length, 4),
        effort_high=round(high / effort_length, 4),
        effort_have=round(gate.have / effort_length, 4),
    )


def decision_as_text(decision: Decision) -> str:
    """What ``decide`` prints for people."""
    blocks = (
        [_wrapped(decision.sentence)],
        [
            _wrapped(f"- {sentence[0].upper()}{sentence[1:]}.")
            for sentence in decision.preconditions
        ],
        _signals(decision),
        _titled(
            "What is true today of the signals that apply",
            (f"{signal.label}: {signal.truth}" for signal in decision.signals if signal.applies),
        ),
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
        "",
        *_table(("Estimate", "Quarters", "Weeks"), rows),
    ]


def _support(decision: Decision) -> list[str]:
    clocks = decision.support.clocks
    return ["Support:", *(f"  {line}" for clock in clocks for line in _clock(clock))]


def _clock(clock: LineClock) -> list[str]:
    runs = f"Python {clock.python[0]} to {clock.python[-1]}" if clock.python else ""
    return [
        clock.sentence,
        *([f"  Tested with {' and '.join(filter(None, (runs, clock.database)))}."] if runs else []),
    ]


def _titled(title: str, sentences: Iterable[str]) -> list[str]:
    lines = [_wrapped(f"- {sentence}") for sentence in sentences]
    return [f"{title}:", *lines] if lines else []


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent="  " if text.startswith("- ") else "", break_on_hyphens=False
    )
