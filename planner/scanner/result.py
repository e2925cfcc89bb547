"""What a scan hands over, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.domain.report import Coverage, DagEntry, Format, Observation, Report


class ScanFailed(Exception):
    """The tree could not be scanned at all. The message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What one scan of one tree saw. Paths are relative to the tree, with forward slashes."""

    observations: list[Observation]
    coverage: Coverage
    """Names every file that was looked at and every rule that ran."""
    dags: list[DagEntry] = field(default_factory=list)
    unscanned: list[str] = field(default_factory=list)
    """Files that could not be checked; each has an ``invalid-syntax`` observation that says why."""
    renames: dict[str, str] = field(default_factory=dict)
    """git's own renames since the last scan, old path → new path."""
    codeowners: str = ""
    commit: str = ""

    def report(self) -> Report:
        """The same as the parsers give it: what ``open_report`` reads from ``write_report``'s bytes."""
        return Report(
            format=Format.UPGRADECHECK,
            coverage=self.coverage,
            observations=self.observations,
            dags=self.dags,
            renames=self.renames,
            commit=self.commit,
            codeowners=self.codeowners,
            received=len(self.observations),
            metadata={"unscanned": self.unscanned},
        )
