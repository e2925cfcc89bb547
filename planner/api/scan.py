"""Reports come in from machines, and what became of them is asked for."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError
from ninja.params import Query

from planner.api.access import deployment_for, token_of
from planner.api.body import received_body
from planner.domain.report import Format, ReportRejected
from planner.selectors.scan import preview_receipt, receipt
from planner.selectors.scan_history import scan_by_public_id
from planner.services.scan import PREVIEW_LINES, KeyReused, scan_preview, scan_receive_once
from planner.tasks import enqueue_scan

router = Router(tags=["scans"])

LONGEST_KEY = 200


class Asked(Schema):
    """What the sender knows about a report; the same as the options of ``ingest``."""

    source: str = Field("", max_length=80, description="the source it is about; uploads if empty")
    root: str = Field("", max_length=1000, description="folder that its absolute paths begin with")
    format: str = Field("auto", description="auto, " + ", ".join(Format))
    complete: bool = Field(False, description="the report covers the whole tree")
    take_good: bool = Field(False, description="leave out items that cannot be read")
    confirm: bool = Field(False, description="let these very bytes through if they are held")
    commit: str = Field("", max_length=64, description="the commit that was scanned")
    tool_version: str = Field("", max_length=40, description="version of the tool")

    def options(self) -> dict[str, Any]:
        asked = self.dict(exclude={"source"})
        return {**asked, "format": "" if self.format == "auto" else self.format}


class Preview(Schema):
    """Whether nothing is to be kept."""

    dry_run: bool = Field(False, description="say what would change, and change nothing")
    lines: int = Field(
        PREVIEW_LINES, ge=1, le=50_000, description="findings of each kind that dry_run names"
    )


class Accepted(Schema):
    """Where to ask what became of the report."""

    scan: UUID
    status_url: str


@router.post(
    "/deployments/{slug}/scans",
    response={200: dict[str, Any], 202: Accepted},
    summary="Send a report",
)
def scan_create(
    request: HttpRequest,
    slug: str,
    asked: Query[Asked],
    preview: Query[Preview],
) -> Status[dict[str, Any]]:
    """The body is the report itself, in any format of `ingest`, packed with gzip if you like.

    Sent again with the same `Idempotency-Key`, it answers with the first scan. With `dry_run=true` it answers 200
    with the receipt as it would be and up to `lines` findings of each kind that would change; nothing is kept.
    Scope: import.
    """
    deployment = deployment_for(request, slug, "import")
    if asked.format not in ("auto", *Format):
        raise HttpError(422, f'"{asked.format}" is not a format; use auto, {", ".join(Format)}.')
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY:
        raise HttpError(422, f"An Idempotency-Key has at most {LONGEST_KEY} characters.")
    try:
        with received_body(request) as (stream, sha256), transaction.atomic():
            if preview.dry_run:
                foreseen = scan_preview(
                    deployment=deployment,
                    source_name=asked.source,
                    stream=stream,
                    file_name="",
                    options=asked.options(),
                    now=timezone.now(),
                    lines=preview.lines,
                )
                return Status(200, preview_receipt(foreseen.scan, foreseen.changes))
            scan, is_new = scan_receive_once(
                deployment=deployment,
                source_name=asked.source,
                stream=stream,
                sha256=sha256,
                options=asked.options(),
                key=key,
                now=timezone.now(),
            )
            if is_new:
                transaction.on_commit(partial(enqueue_scan, scan.pk))
    except ReportRejected as rejection:
        raise HttpError(422, str(rejection)) from rejection
    except KeyReused as reuse:
        raise HttpError(409, str(reuse)) from reuse
    address = reverse("api:scan_status", args=[scan.public_id])
    return Status(202, {"scan": scan.public_id, "status_url": request.build_absolute_uri(address)})


@router.get("/scans/{uuid:scan_id}", url_name="scan_status", summary="What became of a report")
def scan_status(request: HttpRequest, scan_id: UUID) -> dict[str, Any]:
    """The receipt, as `ingest --json` prints it; `status` is queued or running until it is done.

    Scope: import or read.
    """
    scan = scan_by_public_id(scan_id)
    if scan is None or scan.deployment_id != token_of(request).deployment_id:
        raise Http404
    return {**receipt(scan), "progress": scan.progress, "percent": scan.percent}
