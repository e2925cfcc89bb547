"""Makes an API token of a deployment and prints it, this once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.management.command import Command as BaseCommand
from planner.services.token import TokenError, span_of, token_make


class Command(BaseCommand):
    help = "Make an API token of a deployment. It is printed once and stored nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the deployment")
        parser.add_argument("--scope", required=True, help="import or read")
        parser.add_argument(
            "--expires", metavar="90d", help="how long it lives; for ever if absent"
        )

    def handle(self, *, slug: str, scope: str, expires: str | None, **options: Any) -> None:
        deployment = self.deployment(slug)
        now = timezone.now()
        try:
            expires_at = now + span_of(expires) if expires is not None else None
            token, text = token_make(
                deployment=deployment, scope=scope, expires_at=expires_at, now=now
            )
        except TokenError as error:
            self.fail(f"{error}.")
        if options["json"]:
            self.print_json(
                {
                    "token": text,
                    "scope": token.scope,
                    "expires": token.expires_at.isoformat() if token.expires_at else None,
                }
            )
            return
        self.stdout.write(text)
        until = f"until {token.expires_at:%d %b %Y}" if token.expires_at else "until it is revoked"
        self.say(
            f"Scope {token.scope} for {deployment.name}, valid {until}. It is not shown again."
        )
