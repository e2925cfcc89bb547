"""Signing in by one-time link or password, and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from planner.services.sign_in import (
    SignInRefused,
    link_mail,
    link_owner,
    link_use,
    password_check,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from planner.views.access import TimedRequest

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form for a name and a password, and what it does."""
    target = _safe_target(request)
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect(target)
        return _form(request, target)
    name = request.POST.get("name", "")
    try:
        user = password_check(
            name=name, password=request.POST.get("password", ""), address=_address(request)
        )
    except SignInRefused as refusal:
        return _form(request, target, error=str(refusal), name=name, status=403)
    sign_in_person(request, user)
    return redirect(target)


@never_cache
@require_POST
def mail_link(request: TimedRequest) -> HttpResponse:
    """Mails a one-time link. The answer is the same whether anybody has that address or not."""
    if not settings.MAIL_IS_SET_UP:
        return _form(request, "/", error="Mail is not set up here.", status=403)
    try:
        link_mail(email=request.POST.get("email", ""), address=_address(request), now=request.now)
    except SignInRefused as refusal:
        return _form(request, "/", error=str(refusal), status=403)
    messages.success(request, "If that address has an account, a link is on its way.")
    return redirect("sign-in")


@never_cache
@require_http_methods(["GET", "POST"])
def link(request: TimedRequest, token: str) -> HttpResponse:
    """Opening the link shows a button; pressing it signs in and uses the link up."""
    try:
        if request.method == "POST":
            sign_in_person(request, link_use(token=token, now=request.now))
            return redirect("/")
        person = link_owner(token=token, now=request.now)
    except SignInRefused as refusal:
        return _form(request, "/", error=str(refusal), status=410)
    return render(request, "sign_in/link.html", {"person": person})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return redirect("sign-in")


def sign_in_person(request: HttpRequest, user: User) -> None:
    """Start the person's session; the session's key changes, so that an old one is worth nothing."""
    login(request, user, backend=BACKEND)


def _form(
    request: HttpRequest, target: str, *, error: str = "", name: str = "", status: int = 200
) -> HttpResponse:
    context = {"next": target, "error": error, "name": name, "mail": settings.MAIL_IS_SET_UP}
    return render(request, "sign_in/page.html", context, status=status)


def _safe_target(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else "/"


def _address(request: HttpRequest) -> str:
    """Whose attempts are counted together: behind a proxy, the address that the proxy added last.

    Otherwise everyone would share the proxy's, and one who guesses would lock all of them out.
    """
    if settings.SECURE:
        added = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if added:
            return added
    return str(request.META.get("REMOTE_ADDR", ""))
