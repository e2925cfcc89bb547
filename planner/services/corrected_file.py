"""A whole file under the edits of its findings, where Flightplan can read the code that was scanned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.conf import settings

from planner.domain.fix_pack import Fixable, chosen_of
from planner.domain.patch import EditsRefused, still_fits
from planner.models import Finding, Source
from planner.scanner.fixes import corrected
from planner.scanner.one_file import file_at_commit, file_in_folder
from planner.scanner.result import ScanFailed
from planner.selectors.fix_pack import fixables_of_file, handed_out_whole
from planner.services.source import SourceError, folder_check, git_check


class NoCorrectedFile(ValueError):
    """The file cannot be given out whole. The message is one sentence with what to do instead."""


@dataclass(frozen=True, slots=True)
class CorrectedFile:
    name: str
    content: bytes


def corrected_file(*, finding: Finding, side: str, with_unsafe: bool) -> CorrectedFile:
    """The file that a finding is in, as it was scanned, under the edits of all its open findings.

    Raises:
        NoCorrectedFile: the code is not to be had here, has changed since, or no finding has such an edit.
    """
    source = finding.source
    if why_not := handed_out_whole(source.kind, finding.path):
        raise NoCorrectedFile(why_not)
    try:
        content = _READERS[Source.Kind(source.kind)](source, finding.path)
    except (ScanFailed, SourceError) as error:
        raise NoCorrectedFile(
            f"{str(error).rstrip('.')}. Scan again, or take the patch."
        ) from error
    findings = fixables_of_file(source, finding.path)
    text = corrected_text(content, findings, side=side, with_unsafe=with_unsafe)
    return CorrectedFile(PurePosixPath(finding.path).name, text)


def corrected_text(
    content: bytes, findings: Sequence[Fixable], *, side: str, with_unsafe: bool
) -> bytes:
    """The bytes of one file under the edits that are asked for.

    Raises:
        NoCorrectedFile: no finding has one, or the file has changed since it was scanned.
    """
    chosen, _left_out = chosen_of(findings, side=side, with_unsafe=with_unsafe)
    if not chosen:
        raise NoCorrectedFile("No open finding of this file has such an edit.")
    fixes = [finding.fix for finding in chosen]
    changed = (
        "The file has changed since it was scanned, so its edits do not fit. Scan again first."
    )
    try:
        source = content.decode()
        if not still_fits(source, fixes):
            raise NoCorrectedFile(changed)
        return corrected(source, fixes).encode()
    except (UnicodeDecodeError, EditsRefused) as error:
        raise NoCorrectedFile(changed) from error


def _from_folder(source: Source, path: str) -> bytes:
    return file_in_folder(folder_check(source.location), path)


def _from_git(source: Source, path: str) -> bytes:
    return file_at_commit(
        git_check(source.location),
        commit=source.last_scan.commit if source.last_scan else "",
        path=path,
        cache_dir=settings.DATA_DIR / "clones",
    )


_READERS: dict[Source.Kind, Callable[[Source, str], bytes]] = {
    Source.Kind.FOLDER: _from_folder,
    Source.Kind.GIT: _from_git,
}
