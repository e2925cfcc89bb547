"""Keeps the bytes of every report exactly as received, once per content."""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from planner.domain.report import ReportRejected
from planner.models import Scan

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class RawReport:
    """Where received bytes lie, below MEDIA_ROOT, and what they are."""

    name: str
    sha256: str
    size: int


def raw_store(*, stream: IO[bytes]) -> RawReport:
    """Copy a stream to disk without holding it in memory. The same content is stored once.

    Raises:
        ReportRejected: there is nothing in it, or more than MAX_REPORT_BYTES.
    """
    folder = Path(settings.MEDIA_ROOT) / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix="incoming-", delete=False) as copy:
        try:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > settings.MAX_REPORT_BYTES:
                    raise ReportRejected(
                        f"The report is larger than {settings.MAX_REPORT_BYTES // 2**20} MB; "
                        "split it by folder, or raise MAX_REPORT_BYTES."
                    )
                digest.update(chunk)
                copy.write(chunk)
        except BaseException:
            Path(copy.name).unlink()
            raise
    if size == 0:
        Path(copy.name).unlink()
        raise ReportRejected("The report is empty; send the tool's output.")
    sha256 = digest.hexdigest()
    target = folder / sha256[:2] / sha256
    target.parent.mkdir(exist_ok=True)
    Path(copy.name).chmod(0o640)
    Path(copy.name).replace(target)
    return RawReport(name=f"reports/{sha256[:2]}/{sha256}", sha256=sha256, size=size)


def raw_bytes(scan: Scan) -> mmap.mmap:
    """The bytes of a scan's report, mapped, not read. They stay mapped for as long as anything refers to them."""
    with Path(scan.raw.path).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def raw_drop_if_unused(*, raw: RawReport) -> None:
    """Remove bytes that no scan refers to, as after a dry run."""
    if not Scan.objects.filter(raw=raw.name).exists():
        (Path(settings.MEDIA_ROOT) / raw.name).unlink(missing_ok=True)
