"""The findings of a source as the comparison wants them."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from planner.domain.change import Known
from planner.domain.finding import State
from planner.domain.identity import Trace, identity_text, line_in_file
from planner.models import Dag, Finding, Source

_BATCH = 10_000


def known_findings(source: Source) -> list[Known]:
    """Every finding of a source, the closed ones included, in the order they were first seen."""
    rows = (
        Finding.objects.filter(source=source)
        .order_by()
        .values_list(
            "id",
            "path",
            "rule_id",
            "symbol",
            "message",
            "line",
            "cell",
            "column",
            "content",
            "state",
            "checker",
        )
        .iterator(chunk_size=_BATCH)
    )
    kept: dict[str, str] = {}
    texts: dict[tuple[str, str], str] = {}
    states = {state.value: state for state in State}
    known = []
    for key, path, rule, symbol, message, line, cell, column, content, state, checker in rows:
        text = texts.get((symbol, message))
        if text is None:
            text = texts[(symbol, message)] = identity_text(symbol, message)
        trace = Trace(
            kept.setdefault(path, path),
            kept.setdefault(rule, rule),
            text,
            line_in_file(line, cell),
            column or 0,
            content,
        )
        known.append(Known(key, trace, states[state], kept.setdefault(checker, checker)))
    # Sorting here is cheaper than in the database, which would carry whole rows along.
    known.sort(key=itemgetter(0))
    return known


def known_paths(source: Source) -> frozenset[str]:
    """Files the source is known to have; where it has none yet, those of the whole deployment."""
    return _paths(source=source) or _paths(deployment=source.deployment_id)


def _paths(**where: Any) -> frozenset[str]:
    with_findings = Finding.objects.filter(**where).order_by().values_list("path", flat=True)
    with_dags = Dag.objects.filter(**where).order_by().values_list("path", flat=True)
    return frozenset(with_findings.distinct()).union(with_dags.distinct())
