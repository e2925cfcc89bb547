"""Prints the decision for a deployment, or for the facts in a file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.domain.decision import Decision
from planner.domain.facts import FactErrors, facts_from
from planner.management.command import Command as BaseCommand
from planner.management.facts_file import facts_values
from planner.rendering.decision import decision_as_text
from planner.selectors.decision import decision_from, decision_of


class Command(BaseCommand):
    help = "Decide when to upgrade: the verdict, its reasons, and what would flip it."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--deployment", metavar="SLUG", help="a stored deployment")
        what.add_argument("--facts", metavar="FILE", help="a TOML file of facts; nothing is stored")

    def handle(self, *, deployment: str | None, facts: str | None, **options: Any) -> None:
        decision = self._of_deployment(deployment) if deployment else self._of_file(str(facts))
        if options["json"]:
            self.print_json(decision.as_dict())
        else:
            self.stdout.write(decision_as_text(decision))

    def _of_deployment(self, slug: str) -> Decision:
        return decision_of(self.deployment(slug), today=timezone.now().date())

    def _of_file(self, file: str) -> Decision:
        values = facts_values(self, file)
        try:
            facts = facts_from(values)
        except FactErrors as errors:
            self.fail(f"{file}: {errors}.")
        return decision_from(facts, today=timezone.now().date())
