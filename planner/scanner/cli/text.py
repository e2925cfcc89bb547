"""The answer for people: file by file the line, the place in it and what to write instead; then what it adds up to."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from planner.domain.finding import SEVERITY_ORDER, Severity
from planner.domain.numbers import plural
from planner.scanner.cli.lines import Lines
from planner.scanner.cli.outcome import NOBODY, Exit, Found, Outcome
from planner.scanner.cli.screen import TAB, Screen, harmless, width_of
from planner.scanner.result import WHOLE_TREE, Skipped, SkipReason

MOST_LINES = 3
"""Lines of one problem in one file that are shown in full; the others are named."""
MOST_ROWS = 12
"""Rows of a table, and entries of a list, before the rest is counted."""
WHEN = {
    "now": "now, on Airflow 2",
    "shim": "now, in a form that runs on both",
    "provider": "once {packages} is installed",
    "after": "after the flip to Airflow 3",
}
_NAMES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GUTTER = 6


def text(outcome: Outcome, lines: Lines, screen: Screen) -> Iterator[str]:
    """The whole answer, a line at a time."""
    printer = _Printer(outcome, lines, screen)
    yield from printer.files()
    yield from printer.silenced()
    yield from printer.skipped()
    yield from printer.totals()


class _Printer:
    def __init__(self, outcome: Outcome, lines: Lines, screen: Screen) -> None:
        self._outcome = outcome
        self._lines = lines
        self._screen = screen
        self._explained: set[str] = set()
        self._shown = [found for found in outcome.findings if not found.is_known]

    # ---------------------------------------------------------------- findings

    def files(self) -> Iterator[str]:
        for path, group in groupby(self._shown, key=lambda found: found.seen.path):
            inside = list(group)
            yield self._headline(path, inside[0])
            for alike in _alike(inside):
                yield from self._problem(alike)
            yield ""

    def _headline(self, path: str, first: Found) -> str:
        owner = f"{first.owner} ({first.because})" if first.owner else NOBODY
        name = self._screen.paint(self._screen.foreign(path), "file")
        return f"{name}  {self._screen.paint(self._screen.foreign(owner), 'dim')}"

    def _problem(self, alike: Sequence[Found]) -> Iterator[str]:
        first = alike[0]
        screen = self._screen
        label = screen.paint(f"{first.seen.severity:7}", first.seen.severity)
        lead = f"  {label} {screen.paint(screen.foreign(first.rule_id), 'bold')}  "
        indent = " " * (len(f"  {first.seen.severity:7} {first.rule_id}  "))
        message = self._wrapped(first.seen.message, len(indent))
        yield lead + (message[0] if message else "")
        yield from (indent + line for line in message[1:])
        for found in alike[:MOST_LINES]:
            yield from self._place(found)
        if rest := alike[MOST_LINES:]:
            yield from self._also(rest)
        if self._wants_reason(first) and first.rule:
            yield from self._remark("why", first.rule.why)
        if first.instead:
            yield from self._remark("instead", first.instead)
        yield from self._remark("fix", self._when(first, alike))
        if len(first.dag_ids) > 0 and first.is_error:
            yield from self._remark("stops", _listing(first.dag_ids))
        if self._is_blocked(first) and self._outcome.has_baseline:
            ask = f"{first.owner} ({first.because})" if first.owner else first.because
            yield from self._remark("ask", ask)

    def _wants_reason(self, found: Found) -> bool:
        """Each of a few new errors says why; of many, the first of each rule."""
        is_first = found.rule_id not in self._explained
        self._explained.add(found.rule_id)
        return self._is_blocked(found) and (is_first or self._outcome.has_baseline)

    def _is_blocked(self, found: Found) -> bool:
        return found.is_error and self._outcome.fail_on != "never"

    def _when(self, first: Found, alike: Sequence[Found]) -> str:
        fixes = [found.fix for found in alike if found.fix is not None]
        packages = sorted({package for fix in fixes for package in fix.needs})
        named = ", ".join(packages) or "the provider package"
        words = WHEN.get(first.when, first.when).format(packages=named)
        if not fixes:
            return f"{words}, by hand"
        safe = all(fix.applicability == "safe" for fix in fixes)
        kind = "a safe edit" if safe else "an edit to look at"
        several = "it" if len(alike) == 1 else f"{len(fixes)} of {len(alike)}"
        return f"{words}; there is {kind} for {several}"

    def _place(self, found: Found) -> Iterator[str]:
        seen, screen = found.seen, self._screen
        if seen.line is None:
            return
        where = f"{seen.line}" if seen.cell is None else f"{seen.cell}:{seen.line}"
        number = f"{where:>{_GUTTER}} "
        bar = screen.shown("│")
        line = self._lines.line(seen)
        if line is None:
            yield screen.paint(f"{number}{bar}", "dim")
            return
        room = screen.width - _GUTTER - 3
        code, caret = excerpt(line, seen.column, _end(found), room, screen.foreign)
        yield f"{screen.paint(f'{number}{bar}', 'dim')} {code}"
        if caret:
            mark = screen.paint(caret, seen.severity)
            yield f"{screen.paint(' ' * (_GUTTER + 1) + bar, 'dim')} {mark}"

    def _also(self, rest: Sequence[Found]) -> Iterator[str]:
        places = dict.fromkeys(
            str(found.seen.line)
            if found.seen.cell is None
            else f"{found.seen.cell}:{found.seen.line}"
            for found in rest
        )
        words = f"{len(rest)} more of the same: line {', '.join(places)}"
        yield from self._indented(words, _GUTTER + 3)

    def _remark(self, label: str, words: str) -> Iterator[str]:
        indent = 2 + 8 + 1
        lines = self._wrapped(words, indent)
        for index, line in enumerate(lines):
            head = self._screen.paint(f"{label:>8}", "dim") if index == 0 else " " * 8
            yield f"  {head} {line}"

    def _indented(self, words: str, indent: int) -> Iterator[str]:
        return (" " * indent + line for line in self._wrapped(words, indent))

    def _wrapped(self, words: str, indent: int) -> list[str]:
        width = max(self._screen.width - indent, 24)
        lines = textwrap.wrap(
            self._screen.foreign(words), width, break_long_words=False, break_on_hyphens=False
        )
        return [line for line in lines if line]

    # ---------------------------------------------------------------- what else there is to know

    def silenced(self) -> Iterator[str]:
        """Who silenced what: nothing disappears without a word."""
        suppressed = self._outcome.result.suppressed
        if suppressed:
            yield self._title(f"Silenced: {plural(len(suppressed), 'finding')}")
            for silenced in suppressed[:MOST_ROWS]:
                seen = silenced.observation
                place = seen.path if seen.line is None else f"{seen.path}:{seen.line}"
                until = f" until {silenced.expires}" if silenced.expires else ""
                yield from self._indented(
                    f"{place} {seen.rule} by {silenced.where}{until}: {silenced.reason}", 2
                )
            yield from self._rest(len(suppressed))
        for entry in self._outcome.expired:
            yield from self._indented(
                f"{entry.place}: expired on {entry.expires}, so {entry.rule} counts again. Mend it, or"
                " give a new day and reason.",
                0,
            )
        for entry in self._outcome.unused:
            yield from self._indented(
                f"{entry.place}: {entry.rule} is not found there any more; delete the entry.", 0
            )
        if suppressed or self._outcome.expired or self._outcome.unused:
            yield ""

    def skipped(self) -> Iterator[str]:
        gaps = self._outcome.result.gaps
        unseen = set(gaps)
        others = [one for one in self._outcome.result.skipped if one not in unseen]
        for title, skipped in (("Not checked", gaps), ("Passed over", others)):
            if skipped:
                yield self._title(f"{title}: {len(skipped):,}")
                for one in skipped[:MOST_ROWS]:
                    yield from self._indented(f"{one.path}: {_reason(one)}", 2)
                yield from self._rest(len(skipped))
        if gaps or others:
            yield ""

    def totals(self) -> Iterator[str]:
        outcome, screen = self._outcome, self._screen
        if self._shown:
            yield from self._rules()
            yield from self._owners()
        yield from self._indented(self._sum(), 0)
        yield from self._indented(self._coverage(), 0)
        for note in outcome.notes:
            yield from self._indented(note, 0)
        clean = outcome.exit == Exit.CLEAN
        next_step = self._wrapped(f"Next: {next_step_of(outcome)}", 0)
        yield from (screen.paint(line, "good" if clean else "bold") for line in next_step)

    def _rules(self) -> Iterator[str]:
        yield self._title("By rule")
        counts = Counter((found.rule_id, found.seen.severity) for found in self._shown)
        ordered = sorted(
            counts.items(), key=lambda row: (SEVERITY_ORDER[Severity(row[0][1])], -row[1], row[0])
        )
        titles = {found.rule_id: found.rule.title for found in self._shown if found.rule}
        longest = max(len(harmless(rule)) for rule, _ in counts)
        for (rule, severity), count in ordered[:MOST_ROWS]:
            lead = f"  {count:>5}  "
            name = f"{harmless(rule):{longest}}"
            used = len(lead) + 9 + longest + 2
            title = self._fitted(titles.get(rule, ""), self._screen.width - used)
            label = self._screen.paint(f"{severity:7}", severity)
            yield f"{lead}{label}  {self._screen.shown(name)}  {title}".rstrip()
        yield from self._rest(len(ordered), of="rule")
        yield ""

    def _owners(self) -> Iterator[str]:
        counts: dict[str, Counter[str]] = {}
        for found in self._shown:
            counts.setdefault(found.owner or NOBODY, Counter())[found.seen.severity] += 1
        if list(counts) == [NOBODY]:
            return
        yield self._title("By owner")
        ordered = sorted(
            counts.items(),
            key=lambda row: (row[0] == NOBODY, -row[1][Severity.ERROR], -row[1].total(), row[0]),
        )
        for owner, by_severity in ordered[:MOST_ROWS]:
            words = ", ".join(
                plural(by_severity[severity], _NAMES[severity])
                for severity in SEVERITY_ORDER
                if by_severity[severity]
            )
            yield from self._indented(f"{owner}: {words}", 2)
        yield from self._rest(len(ordered), of="owner")
        yield ""

    def _sum(self) -> str:
        outcome = self._outcome
        files = len({found.seen.path for found in outcome.findings})
        if not outcome.findings:
            return f"Nothing found that Airflow {outcome.target} would break or warn about."
        words = ", ".join(
            plural(count, _NAMES[severity])
            for severity in SEVERITY_ORDER
            if (count := outcome.count(severity))
        )
        known = sum(found.is_known for found in outcome.findings)
        listed = f", {known:,} of them in the baseline and not shown" if known else ""
        return f"{words} in {plural(files, 'file')} for Airflow {outcome.target}{listed}."

    def _coverage(self) -> str:
        cover = self._outcome.result.coverage
        files = len(cover.files or ())
        gaps = len(self._outcome.result.gaps)
        less = f"; {plural(gaps, 'place')} not checked" if gaps else ""
        own, _, ruff = cover.tool_version.partition("+ruff.")
        return (
            f"Checked {plural(files, 'file')} with {len(cover.rules or ())} rules"
            f" (upgradecheck {own}, ruff {ruff}){less}."
        )

    def _title(self, words: str) -> str:
        return self._screen.paint(self._screen.shown(words), "bold")

    def _rest(self, count: int, of: str = "") -> Iterator[str]:
        if count > MOST_ROWS:
            what = f" {of}s" if of else ""
            yield f"  and {count - MOST_ROWS:,} more{what}; --format report lists all"

    def _fitted(self, words: str, room: int) -> str:
        if room < 12:
            return ""
        shown = self._screen.shown(words)
        return shown if len(shown) <= room else shown[: room - 3].rstrip() + "..."


def next_step_of(outcome: Outcome) -> str:
    """The one thing to do now."""
    errors = [found for found in outcome.findings if found.is_error]
    if outcome.gaps:
        first = min(outcome.gaps, key=lambda gap: gap.reason == SkipReason.CRASHED)
        if first.reason == SkipReason.CRASHED:
            place = "the whole tree" if first.path == WHOLE_TREE else first.path
            return f"report what stopped on {place}: it is ours to mend; look at it by hand."
        return (
            f"mend {first.path} ({first.reason}) so that it can be checked"
            f"{_and_more(len(outcome.gaps) - 1)}, and run again."
        )
    if outcome.result.coverage.status != "success":
        return "make every folder readable, and run again."
    new = [found for found in errors if not found.is_known]
    if outcome.patch:
        return f"look at {outcome.patch}, apply it with `git apply`, and run again."
    if _fixable(new):
        return (
            f"write the {plural(_fixable(new), 'safe edit')} with --patch fixes.patch, look at it, and apply"
            " it with `git apply fixes.patch`."
        )
    if new:
        return f"begin with {new[0].rule_id} in {new[0].seen.path}; `instead` says what to write."
    if errors:
        return "nothing new; take what is mended out of the baseline with --update-baseline."
    if outcome.findings:
        return "nothing fails; the warnings are what a later release takes away."
    return "import the DAGs with a real Airflow 3: --import-with PYTHON."


def _fixable(errors: Iterable[Found]) -> int:
    return sum(found.is_safely_fixed_now for found in errors)


def _and_more(count: int) -> str:
    return f" and {count:,} more" if count else ""


def _alike(inside: Sequence[Found]) -> list[list[Found]]:
    """The findings of a file, those of one problem together, in the order of their first lines."""
    groups: dict[tuple[str, str, str, str], list[Found]] = {}
    for found in inside:
        seen = found.seen
        groups.setdefault((found.rule_id, seen.symbol, seen.message, seen.severity), []).append(
            found
        )
    return list(groups.values())


def _reason(skipped: Skipped) -> str:
    if skipped.detail.endswith("."):
        return skipped.detail
    if not skipped.detail or skipped.reason in (SkipReason.LOOP, SkipReason.SPECIAL):
        return str(skipped.reason)
    return f"{skipped.reason}, {skipped.detail}"


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_ROWS])
    return f"{shown}{_and_more(max(len(names) - MOST_ROWS, 0))}"


def _end(found: Found) -> int | None:
    """The column where the finding ends, if that is on the line where it begins."""
    seen = found.seen
    return seen.end_column if seen.end_line in (None, seen.line) else None


def excerpt(
    line: str,
    column: int | None,
    end: int | None,
    room: int,
    spell: Callable[[str], str] = harmless,
) -> tuple[str, str]:
    """A line and the carets below it, cut around them to the room there is.

    Args:
        column: the 1-based character where the marked part begins; None: nothing is marked.
        end: the character after it; None: to the end of the line.
        spell: makes text of others harmless.
    """
    start = min(max((column or 1) - 1, 0), len(line))
    stop = min(max((end or len(line) + 1) - 1, start + 1), max(len(line), start + 1))
    before, marked, after = (
        spell(part.replace("\t", " " * TAB))
        for part in (line[:start], line[start:stop].rstrip(), line[stop:])
    )
    indent = len(before) - len(before.lstrip())
    before = before[max(indent - TAB, 0) :]
    if column is None:
        return _cut(before + marked + after, room), ""
    carets = max(width_of(marked), 1)
    lead = width_of(before)
    if lead + carets > room:
        keep = max(room - min(carets, room // 2) - 4, 0)
        before = "..." + _last(before, keep)
        lead = width_of(before)
    code = _cut(before + marked + after, room)
    return code, " " * lead + "^" * max(min(carets, room - lead), 1)


def _last(words: str, columns: int) -> str:
    while words and width_of(words) > columns:
        words = words[1:]
    return words


def _cut(words: str, room: int) -> str:
    if width_of(words) <= room:
        return words.rstrip()
    kept = words[:room]
    while width_of(kept) > room - 3:
        kept = kept[:-1]
    return kept + "..."
