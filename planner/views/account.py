"""A person's own account: the name that others read, and a password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from planner.forms.account import AccountForm
from planner.services.account import AccountRefused, account_store
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
    return render(request, "account/page.html", {"form": form}, status=status)
