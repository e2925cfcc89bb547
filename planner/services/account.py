"""What people change about their own account."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction


class AccountRefused(ValueError):
    """A value cannot be used. ``field`` names it; the message is one sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@transaction.atomic
def account_store(*, user: User, full_name: str, current_password: str, new_password: str) -> None:
    """Sets the name that others read and, where one is given, a new password.

    Raises:
        AccountRefused: the present password is wrong, or the new one is weak.
    """
    first, _, last = full_name.strip().partition(" ")
    user.first_name, user.last_name = first[:150], last[:150]
    if new_password:
        if user.has_usable_password() and not user.check_password(current_password):
            raise AccountRefused("current_password", "That is not your present password.")
        try:
            validate_password(new_password, user)
        except ValidationError as error:
            raise AccountRefused("new_password", " ".join(error.messages)) from None
        user.set_password(new_password)
    user.save(update_fields=["first_name", "last_name", "password"])
