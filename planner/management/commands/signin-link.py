"""Prints a one-time sign-in link, for whoever runs this Flightplan."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from planner.management.command import Command as BaseCommand
from planner.services.sign_in import LINK_LASTS, SignInRefused, link_make, person_for_link


class Command(BaseCommand):
    help = (
        "Print a one-time sign-in link for a person. Where nobody runs this Flightplan yet, "
        "that person becomes its superuser."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the person's e-mail address or name")

    def handle(self, *, email: str, **options: Any) -> None:
        now = timezone.now()
        try:
            user, new = person_for_link(email=email)
        except SignInRefused as refusal:
            self.fail(str(refusal))
        link = f"{settings.BASE_URL}/sign-in/{link_make(user=user, now=now)}/"
        if options["json"]:
            self.print_json({"link": link, "user": user.get_username(), "new": new})
            return
        if new:
            self.say(f"{email} is new and runs this Flightplan as its superuser.")
        self.stdout.write(link)
        self.say(f"It works once, for {LINK_LASTS.total_seconds() / 3600:.0f} hours.")
