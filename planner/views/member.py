"""Inviting people to a deployment, changing what they may do, and accepting an invite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from planner.domain.access import Role
from planner.domain.person import name_of
from planner.forms.member import InviteForm, NewAccountForm, RoleForm
from planner.selectors.access import invite_by_id
from planner.services.member import (
    MemberRefused,
    invite_accept,
    invite_accept_as_new,
    invite_find,
    invite_mail,
    invite_make,
    invite_withdraw,
    member_remove,
    member_set_role,
)
from planner.views import settings
from planner.views.access import DeploymentRequest, TimedRequest, deployment_view
from planner.views.sign_in import sign_in_person

if TYPE_CHECKING:
    from planner.models import Deployment


@never_cache
@require_POST
@deployment_view(Role.ADMIN)
def invite(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Makes an invite, mails it where that is possible, and shows its link this once."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return settings.show(request, deployment, invite_form=form)
    made, link = invite_make(
        deployment=deployment,
        email=form.cleaned_data["email"],
        role=Role(form.cleaned_data["role"]),
        by=request.user,
        now=request.now,
    )
    mailed = invite_mail(invite=made, link=link)
    return settings.show(request, deployment, made=made, link=link, mailed=mailed)


@require_POST
@deployment_view(Role.ADMIN)
def withdraw(request: DeploymentRequest, deployment: Deployment, invite_id: int) -> HttpResponse:
    """Ends an invite that nobody has used."""
    found = invite_by_id(deployment, invite_id)
    if found is None:
        raise Http404("That invitation is not there.")
    invite_withdraw(invite=found, now=request.now)
    messages.success(request, "The invitation is withdrawn; its link no longer works.")
    return redirect("settings", slug=deployment.slug)


@require_POST
@deployment_view(Role.ADMIN)
def role(request: DeploymentRequest, deployment: Deployment, member_id: int) -> HttpResponse:
    """Gives a member another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Http404("There is no such role.")
    try:
        membership = member_set_role(
            deployment=deployment, member_id=member_id, role=Role(form.cleaned_data["role"])
        )
    except MemberRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{name_of(membership.user)} is now {membership.role}.")
    return redirect("settings", slug=deployment.slug)


@require_POST
@deployment_view(Role.ADMIN)
def remove(request: DeploymentRequest, deployment: Deployment, member_id: int) -> HttpResponse:
    """Takes a person's access away."""
    try:
        user = member_remove(deployment=deployment, member_id=member_id)
    except MemberRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{name_of(user)} no longer sees {deployment.name}.")
        if user == request.user:
            return redirect("/")
    return redirect("settings", slug=deployment.slug)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def accept(request: TimedRequest, token: str) -> HttpResponse:
    """What an invite's link opens: a button for people with an account, a small form for others."""
    try:
        found = invite_find(token=token, now=request.now)
    except MemberRefused as refusal:
        return render(request, "member/over.html", {"sentence": str(refusal)}, status=410)
    form = NewAccountForm(request.POST or None, initial={"email": found.email})
    context = {"invite": found, "form": form, "role": Role(found.role)}
    if request.method == "GET":
        return render(request, "member/accept.html", context)
    try:
        if request.user.is_authenticated:
            invite_accept(token=token, user=request.user, now=request.now)
            return redirect(f"/d/{found.deployment.slug}/")
        if form.is_valid():
            user = invite_accept_as_new(token=token, now=request.now, **form.cleaned_data)
            sign_in_person(request, user)
            return redirect(f"/d/{found.deployment.slug}/")
    except MemberRefused as refusal:
        context["refusal"] = str(refusal)
    return render(request, "member/accept.html", context, status=422)
