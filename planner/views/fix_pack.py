"""Fix packs: the edits of open findings as a patch that ``git apply`` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from planner.forms.fix_pack import ALL, MINE, FixPackQuery, fix_pack_query
from planner.selectors.finding import finding_detail
from planner.selectors.fix_pack import SourcePack, finding_pack, source_packs
from planner.selectors.owner import owner_ids_of, owner_named
from planner.services.corrected_file import NoCorrectedFile, corrected_file
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.attachment import as_file
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_GET
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """What is in the patch of each source, what is not and why, and how to try it."""
    asked = fix_pack_query(request.GET)
    packs, name = _packs(request, deployment, asked)
    context = {
        "asked": asked,
        "owner_name": name,
        "packs": packs,
        "findings": sum(len(one.pack.included) + len(one.pack.left_out) for one in packs),
        "included": sum(len(one.pack.included) for one in packs),
        "links": {
            "now": asked.changed(**{"for": "now"}),
            "after": asked.changed(**{"for": "after"}),
            "safe": asked.changed(unsafe=False),
            "unsafe": asked.changed(unsafe=True),
            "mine": asked.changed(owner=MINE),
            "all": asked.changed(owner=ALL),
            "this": asked.changed(),
        },
    }
    return render_page(request, deployment, "fix_pack/page.html", context, tab="findings")


@require_GET
@deployment_view(Role.VIEWER)
def download(request: DeploymentRequest, deployment: Deployment, source_id: int) -> HttpResponse:
    """One source's patch as a file."""
    asked = fix_pack_query(request.GET)
    packs, name = _packs(request, deployment, asked)
    chosen = next((one for one in packs if one.source.pk == source_id), None)
    if chosen is None or not chosen.pack.text:
        raise Http404("No open finding of this source has such an edit.")
    words = [deployment.slug, chosen.source.name, "mine" if asked.owner == MINE else name]
    stem = "-".join(filter(None, (slugify(word) for word in [*words, asked.side])))
    return _patch(chosen.pack.text, f"{stem}.patch")


@require_GET
@deployment_view(Role.VIEWER)
def of_finding(request: DeploymentRequest, deployment: Deployment, finding_id: int) -> HttpResponse:
    """The patch of one finding's own edit."""
    detail = finding_detail(deployment, finding_id)
    text = finding_pack(detail.finding).text if detail else ""
    if not text:
        raise Http404("This finding has no edit that can be applied.")
    return _patch(text, f"{deployment.slug}-finding-{finding_id}.patch")


@require_GET
@deployment_view(Role.OWNER)
def corrected(request: DeploymentRequest, deployment: Deployment, finding_id: int) -> HttpResponse:
    """The file that a finding is in, under the edits of all its findings."""
    detail = finding_detail(deployment, finding_id)
    if detail is None:
        raise Http404(f"{deployment.name} has no finding {finding_id}.")
    asked = fix_pack_query(request.GET)
    try:
        made = corrected_file(
            finding=detail.finding, side=asked.side, with_unsafe=asked.with_unsafe
        )
    except NoCorrectedFile as refusal:
        context = {"finding": detail.finding, "why": str(refusal)}
        return render_page(
            request, deployment, "fix_pack/no_file.html", context, tab="findings", status=409
        )
    return as_file(made.content, made.name)


def _packs(
    request: DeploymentRequest, deployment: Deployment, asked: FixPackQuery
) -> tuple[list[SourcePack], str]:
    """The patches, and the name of the owner where one is asked for."""
    owners: list[int] | None = None
    name = ""
    if asked.owner == MINE:
        owners = owner_ids_of(request.user, [deployment])
    elif asked.owner != ALL:
        owner = owner_named(deployment, asked.owner)
        if owner is None:
            raise Http404(f"{deployment.name} has no owner {asked.owner}.")
        owners, name = [owner.pk], owner.name
    packs = source_packs(deployment, owners=owners, side=asked.side, with_unsafe=asked.with_unsafe)
    return packs, name


def _patch(text: str, name: str) -> HttpResponse:
    return as_file(text.encode(), name, content_type="text/x-diff; charset=utf-8")
