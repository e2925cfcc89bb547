"""Creates or updates a deployment from a facts file, and prints its facts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.domain.decision_difference import in_words
from planner.domain.facts import FACT_KEYS, FactErrors
from planner.management.command import Command as BaseCommand
from planner.management.facts_file import facts_values
from planner.services.deployment import facts_store

if TYPE_CHECKING:
    from planner.models import Deployment


class Command(BaseCommand):
    help = "Create or update a deployment from a facts file, and print its facts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the deployment, like production-eu")
        parser.add_argument("file", nargs="?", help="a TOML file of facts; without it only print")

    def handle(self, *, slug: str, file: str | None, **options: Any) -> None:
        deployment = self._stored(slug, file) if file else self.deployment(slug)
        if options["json"]:
            self.print_json(_document(deployment))
            return
        self._print(deployment)

    def _stored(self, slug: str, file: str) -> Deployment:
        values = facts_values(self, file)
        try:
            return facts_store(
                slug=slug, values=values, origin=f"file {Path(file).name}", now=timezone.now()
            )
        except FactErrors as errors:
            self.fail(f"{file}: {errors}.")

    def _print(self, deployment: Deployment) -> None:
        self.stdout.write(f"{deployment.name} ({deployment.slug})")
        width = max(len(key) for key in FACT_KEYS)
        values = {key: in_words(deployment.facts.get(key)) for key in FACT_KEYS}
        value_width = max(len(value) for value in values.values())
        for key, value in values.items():
            source = deployment.fact_sources.get(key, "not known")
            self.stdout.write(f"  {key:<{width}}  {value:<{value_width}}  {source}")


def _document(deployment: Deployment) -> dict[str, Any]:
    return {
        "slug": deployment.slug,
        "revision": deployment.revision,
        "facts": {
            key: {
                "value": deployment.facts.get(key),
                "from": deployment.fact_sources.get(key, ""),
            }
            for key in FACT_KEYS
        },
    }
