"""The whole tree once every file was read: what only all files together can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from planner.scanner.around.release_folders import of_earlier_releases
from planner.scanner.checks import checks
from planner.scanner.code.one_sided import one_sided
from planner.scanner.dags import DagMap
from planner.scanner.facts import FileFacts
from planner.scanner.material import Hit, Process, PythonPin, Requirement, Setting
from planner.scanner.stopped import stopped


@dataclass(frozen=True)
class Project:
    """Every file's facts, with the versions between which the upgrade leads."""

    files: Mapping[str, FileFacts]
    target: str
    """The line that is aimed at: ``3.3``."""
    current: str = ""
    """The Airflow version that runs today, where it is known."""
    dag_map: DagMap = field(default_factory=DagMap)
    """Every DAG, and which files each imports."""
    above: tuple[str, ...] = ()
    """The names of the folders that the tree lies in, its own name last."""

    @cached_property
    def one_sided(self) -> frozenset[str]:
        """Python files that only a condition on a version imports."""
        python = {path: facts for path, facts in self.files.items() if path.endswith(".py")}
        return one_sided(python, self.above)

    @cached_property
    def of_earlier_releases(self) -> frozenset[str]:
        """Files for a release below the target, where a folder for the target stands beside theirs."""
        return of_earlier_releases(self.files, self.target)

    @cached_property
    def settings(self) -> dict[str, list[Setting]]:
        """Every option that the tree sets anywhere, by ``section.option``."""
        found: dict[str, list[Setting]] = {}
        for setting in self._of("settings"):
            found.setdefault(setting.key, []).append(setting)
        return found

    @cached_property
    def requirements(self) -> list[Requirement]:
        return list(self._of("requirements"))

    @cached_property
    def pythons(self) -> list[PythonPin]:
        return list(self._of("pythons"))

    @cached_property
    def processes(self) -> list[Process]:
        return list(self._of("processes"))

    @cached_property
    def template_names(self) -> frozenset[str]:
        """The base names of files that DAG files name."""
        return frozenset(
            text.rpartition("/")[2] for facts in self.files.values() for text in facts.names_files
        )

    def _of(self, attribute: str) -> Iterator[Any]:
        for path, facts in self.files.items():
            for one in getattr(facts, attribute):
                yield msgspec.structs.replace(one, path=path)


def hits_of(project: Project, failed: dict[str, str]) -> Iterator[Hit]:
    """Every hit of Flightplan's own checks that holds in this tree, each with its path.

    ``failed`` gets the rules whose check of the whole tree stopped, each with a sentence.
    """
    for path, facts in project.files.items():
        for hit in facts.hits:
            if _holds(hit, path, project):
                hit.path = path
                yield hit
    for check in checks().get(Project, ()):
        try:
            hits = list(check.hits(project))
        except Exception as error:  # a mistake in one check: the others look at the tree too
            failed[check.rule] = stopped(error, "this tree", check.rule)
            continue
        yield from (hit for hit in hits if hit.path not in project.of_earlier_releases)


def _holds(hit: Hit, path: str, project: Project) -> bool:
    if path in project.one_sided or path in project.of_earlier_releases:
        return False
    if not hit.holds(project.target, project.settings):
        return False
    return not hit.if_used or path.rpartition("/")[2] in project.template_names
