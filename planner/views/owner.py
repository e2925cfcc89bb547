"""Owners of findings: the list, one owner's findings to print, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from planner.forms.owner import FolderRuleForm, MergeForm, OwnerForm
from planner.selectors.hand_over import hand_overs_count
from planner.selectors.owner import (
    folder_rule_by_id,
    owner_by_id,
    owner_page,
    owners_page,
)
from planner.selectors.rules_preview import moved_page, rules_preview
from planner.selectors.same_owner import merge_preview
from planner.services.ownership import (
    OwnerError,
    folder_rule_add,
    folder_rule_remove,
    owner_add,
    owner_edit,
    owner_link,
    owner_merge,
    owners_part,
    rules_apply,
)
from planner.views import words
from planner.views.access import (
    DeploymentRequest,
    Role,
    deployment_view,
)
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment, Owner


@require_GET
@deployment_view(Role.VIEWER)
def owners(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Who owns how much, what nobody owns, and the rules."""
    return _owners_page(request, deployment, OwnerForm(), FolderRuleForm())


@require_POST
@deployment_view(Role.MANAGER)
def add(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Adds a person or team."""
    form = OwnerForm(request.POST)
    if form.is_valid():
        try:
            owner = owner_add(
                deployment=deployment,
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                aliases=form.other_names(),
                kind=form.cleaned_data["kind"],
            )
        except OwnerError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"Added {owner.name}.")
            return redirect("owners", slug=deployment.slug)
    return _owners_page(request, deployment, form, FolderRuleForm(), status=422)


@require_http_methods(["GET", "POST"])
@deployment_view(Role.VIEWER)
def owner(request: DeploymentRequest, deployment: Deployment, owner_id: int) -> HttpResponse:
    """One owner's open findings by file, to read or print; managers change the owner here."""
    found = _owner_or_404(deployment, owner_id)
    if request.method == "GET":
        return _owner_page(request, deployment, found, None)
    if not request.role.reaches(Role.MANAGER):
        raise PermissionDenied(f"Changing owners needs the role manager; yours is {request.role}.")
    form = OwnerForm(request.POST)
    if form.is_valid():
        try:
            owner_edit(
                owner=found,
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                kind=form.cleaned_data["kind"],
                active=form.cleaned_data["active"],
                aliases=form.other_names(),
                now=request.now,
                user=request.user,
            )
        except OwnerError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"Changed {found.name}.")
            return redirect("owner", slug=deployment.slug, owner_id=found.pk)
    return _owner_page(request, deployment, _owner_or_404(deployment, owner_id), form, status=422)


@require_http_methods(["GET", "POST"])
@deployment_view(Role.MANAGER)
def merge(request: DeploymentRequest, deployment: Deployment, owner_id: int) -> HttpResponse:
    """Shows what making an owner another name of someone else would move, and does it."""
    found = _owner_or_404(deployment, owner_id)
    form = MergeForm(request.POST if request.method == "POST" else request.GET)
    into = owner_by_id(deployment, form.cleaned_data["into"]) if form.is_valid() else None
    if into is None:
        messages.error(request, "Choose who it is.")
        return redirect("owner", slug=deployment.slug, owner_id=found.pk)
    if request.method == "GET":
        context = {"preview": merge_preview(found, into)}
        return render_page(request, deployment, "owner/merge.html", context, tab="owners")
    name = found.name
    try:
        moved = owner_merge(owner=found, into=into, now=request.now, user=request.user)
    except OwnerError as error:
        messages.error(request, str(error))
        return redirect("owner", slug=deployment.slug, owner_id=found.pk)
    messages.success(
        request,
        f"{name} is now another name of {into.name}, who took over {words.findings(moved)}.",
    )
    return redirect("owner", slug=deployment.slug, owner_id=into.pk)


@require_POST
@deployment_view(Role.MANAGER)
def is_me(request: DeploymentRequest, deployment: Deployment, owner_id: int) -> HttpResponse:
    """Links an owner to the signed-in person, who sees its findings as their own from then on."""
    found = _owner_or_404(deployment, owner_id)
    try:
        owner_link(owner=found, user=request.user)
    except OwnerError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"You are {found.name} in {deployment.name}.")
    return redirect("me")


@require_POST
@deployment_view(Role.MANAGER)
def part(request: DeploymentRequest, deployment: Deployment, owner_id: int) -> HttpResponse:
    """Keeps that two owners who read alike are not the same."""
    found = _owner_or_404(deployment, owner_id)
    form = MergeForm(request.POST)
    other = owner_by_id(deployment, form.cleaned_data["into"]) if form.is_valid() else None
    if other is None:
        messages.error(request, "Choose an owner of this deployment.")
    else:
        owners_part(one=found, other=other)
        messages.success(request, f"{found.name} and {other.name} stay two.")
    return redirect("owners", slug=deployment.slug)


@require_POST
@deployment_view(Role.MANAGER)
def rule_add(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Adds a folder rule."""
    form = FolderRuleForm(request.POST)
    if form.is_valid():
        found = owner_by_id(deployment, form.cleaned_data["owner"])
        if found is None:
            form.add_error("owner", "Choose an owner of this deployment.")
        else:
            try:
                rule = folder_rule_add(
                    deployment=deployment, pattern=form.cleaned_data["pattern"], owner=found
                )
            except OwnerError as error:
                form.add_error(error.field, str(error))
            else:
                messages.success(
                    request, f"Added the rule {rule.pattern}. Apply the rules to use it now."
                )
                return redirect("owners", slug=deployment.slug)
    return _owners_page(request, deployment, OwnerForm(), form, status=422)


@require_POST
@deployment_view(Role.MANAGER)
def rule_remove(request: DeploymentRequest, deployment: Deployment, rule_id: int) -> HttpResponse:
    """Forgets a folder rule."""
    rule = folder_rule_by_id(deployment, rule_id)
    if rule is None:
        raise Http404("There is no such folder rule.")
    folder_rule_remove(rule=rule)
    messages.success(request, f"Removed the rule {rule.pattern}.")
    return redirect("owners", slug=deployment.slug)


@require_http_methods(["GET", "POST"])
@deployment_view(Role.MANAGER)
def apply(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Shows what applying the rules again would change, and does it."""
    if request.method == "GET":
        context = {"preview": rules_preview(deployment)}
        return render_page(request, deployment, "owner/apply.html", context, tab="owners")
    applied = rules_apply(deployment=deployment, now=request.now, user=request.user)
    messages.success(
        request,
        f"The rules gave {words.findings(applied.reassigned)} to someone else. "
        "Picks stayed as they were.",
    )
    return redirect("owners", slug=deployment.slug)


@require_GET
@deployment_view(Role.MANAGER)
def apply_findings(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The findings that applying the rules again would give to someone else, page by page."""
    beyond = request.GET.get("after", "")
    page = moved_page(
        deployment,
        before=request.GET.get("from"),
        after=request.GET.get("to"),
        beyond=int(beyond) if beyond.isdecimal() and len(beyond) < 19 else 0,
        today=timezone.localdate(request.now),
    )
    pairs = [(name, request.GET[name]) for name in ("from", "to") if name in request.GET]
    context = {"page": page, "pairs": urlencode(pairs), "pair": dict(pairs)}
    return render_page(request, deployment, "owner/moved.html", context, tab="owners")


def _owners_page(
    request: DeploymentRequest,
    deployment: Deployment,
    form: OwnerForm,
    rule_form: FolderRuleForm,
    *,
    status: int = 200,
) -> HttpResponse:
    today = timezone.localdate(request.now)
    context = {
        "page": owners_page(deployment, today=today),
        "form": form,
        "rule_form": rule_form,
        "hand_overs": hand_overs_count(deployment),
    }
    return render_page(request, deployment, "owner/list.html", context, tab="owners", status=status)


def _owner_page(
    request: DeploymentRequest,
    deployment: Deployment,
    found: Owner,
    form: OwnerForm | None,
    *,
    status: int = 200,
) -> HttpResponse:
    today = timezone.localdate(request.now)
    page = owner_page(deployment, found, today=today)
    form = form or OwnerForm(initial=_owner_values(found, page.aliases))
    context: dict[str, Any] = {
        "page": page,
        "owner": found,
        "form": form,
        "today": today,
    }
    return render_page(request, deployment, "owner/page.html", context, tab="owners", status=status)


def _owner_values(owner: Owner, aliases: list[str]) -> dict[str, Any]:
    """What the form shows before anyone typed."""
    return {
        "name": owner.name,
        "email": owner.email,
        "kind": owner.kind,
        "active": owner.active,
        "aliases": "\n".join(aliases),
    }


def _owner_or_404(deployment: Deployment, owner_id: int) -> Owner:
    found = owner_by_id(deployment, owner_id)
    if found is None:
        raise Http404(f"{deployment.name} has no such owner.")
    return found
