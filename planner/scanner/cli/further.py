"""What is looked at only where it is asked for: real imports, and the metadata database."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from planner.domain.rating import Rater
from planner.domain.report import Observation
from planner.domain.rules import Rulebook
from planner.scanner.cli.usage import ProofAsked, UsageError
from planner.scanner.dags import dag_ids_by_file, owners_by_file
from planner.scanner.live.import_proof import (
    ImportProofRefused,
    dag_folders_of,
    prove_imports,
)
from planner.scanner.live.metadata_look import MetadataRefused, look_at_metadata, url_of
from planner.scanner.result import ScanResult, Skipped, SkipReason

IMPORT_RULE = "airflow-import-error"


def with_import_proof(
    result: ScanResult,
    root: Path,
    asked: ProofAsked,
    *,
    target: str,
    rulebook: Rulebook,
) -> tuple[ScanResult, list[str]]:
    """The result with what a real Airflow 3 could not import, and a sentence about it.

    Raises UsageError where that Python or a folder is not what it must be.
    """
    try:
        folders = list(asked.dag_folders) or dag_folders_of(root, result.dags)
        proof = prove_imports(
            asked.python,
            root,
            folders,
            plugins=asked.plugins,
            import_paths=asked.import_paths,
            limits=asked.limits,
        )
    except ImportProofRefused as error:
        raise UsageError(f"--import-with: {error}") from error
    unproved = [Skipped(one.path, SkipReason.UNPROVED, one.reason) for one in proof.unproved]
    # Where one file stayed unproved, absence of an import error proves nothing for the others' rule.
    rules = {IMPORT_RULE} if not unproved else set()
    joined = _joined(result, proof.observations, target, rulebook)
    joined = replace(
        joined,
        skipped=sorted([*joined.skipped, *unproved], key=lambda one: one.path),
        coverage=replace(joined.coverage, rules=(joined.coverage.rules or frozenset()) | rules),
    )
    failed = len(proof.observations)
    words = (
        f"Imported {', '.join(folders)} with Airflow {proof.airflow_version}: {failed:,} failed,"
        f" {len(unproved):,} could not be proved."
    )
    return joined, [words]


def with_metadata(
    result: ScanResult, argument: str, *, target: str, rulebook: Rulebook
) -> tuple[ScanResult, list[str]]:
    """The result with what the metadata database shows, and its lines for people.

    Raises UsageError where it cannot be looked at; no sentence holds a password.
    """
    try:
        look = look_at_metadata(url_of(argument, os.environ))
    except MetadataRefused as error:
        raise UsageError(f"--metadata-db: {error}") from error
    found = look.observations(result.coverage.files or ())
    cover = look.coverage(found)
    joined = _joined(result, found, target, rulebook)
    coverage = replace(
        joined.coverage,
        files=(joined.coverage.files or frozenset()) | (cover.files or frozenset()),
        rules=(joined.coverage.rules or frozenset()) | (cover.rules or frozenset()),
    )
    return replace(joined, coverage=coverage), look.as_text().splitlines()


def _joined(
    result: ScanResult, found: Iterable[Observation], target: str, rulebook: Rulebook
) -> ScanResult:
    """The result with more observations, rated, with DAG and owner, in order of place."""
    rater = Rater(rulebook, target_line=target, tool_version=result.coverage.tool_version)
    owners, dag_ids = owners_by_file(result.dags), dag_ids_by_file(result)
    more = []
    for one in found:
        ids = dag_ids.get(one.path, [])
        more.append(
            msgspec.structs.replace(
                one,
                severity=rater(one).severity.value,
                owner=one.owner or owners.get(one.path, ""),
                dag_id=one.dag_id or (ids[0] if len(ids) == 1 else ""),
            )
        )
    observations = sorted([*result.observations, *more], key=lambda one: (one.path, one.line or 0))
    return replace(result, observations=observations)
