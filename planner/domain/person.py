"""What people call someone who signs in."""

from __future__ import annotations

from typing import Protocol


class Person(Protocol):
    """Anyone with an account."""

    def get_full_name(self) -> str: ...

    def get_username(self) -> str: ...


def name_of(person: Person) -> str:
    """The full name, or the user name of someone who gave none."""
    return person.get_full_name() or person.get_username()
