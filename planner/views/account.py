"""A person's own account: the name that others read, a password, and whether weekly mail comes."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from planner.forms.account import AccountForm
from planner.selectors.digest import has_stopped
from planner.services.account import AccountRefused, account_store
from planner.services.mail_stop import mail_resume, mail_stop
from planner.views.access import PersonRequest, person_view


@never_cache
@sensitive_post_parameters("current_password", "new_password")
@require_http_methods(["GET", "POST"])
@person_view
def account(request: PersonRequest) -> HttpResponse:
    """The form, and what it stores. Other sessions end when the password changes; this one stays."""
    form = AccountForm(request.POST or None, initial={"full_name": request.user.get_full_name()})
    if request.method == "POST" and form.is_valid():
        try:
            account_store(user=request.user, **form.cleaned_data)
        except AccountRefused as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, "Saved.")
            return redirect("account")
    status = 422 if form.errors else 200
    context = {"form": form, "mail_stopped": has_stopped(request.user.email)}
    return render(request, "account/page.html", context, status=status)


@require_POST
@person_view
def mail(request: PersonRequest) -> HttpResponse:
    """Ends the weekly mail to the person's own address, or lets it come again."""
    address = request.user.email
    if not address:
        messages.error(request, "Your account has no e-mail address.")
    elif request.POST.get("stop"):
        mail_stop(address=address, now=request.now)
        messages.success(request, f"{address} gets no weekly mail any more.")
    else:
        mail_resume(address=address)
        messages.success(request, f"{address} gets the weekly mail again.")
    return redirect("account")
