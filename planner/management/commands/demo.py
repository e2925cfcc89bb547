"""Loads the sample deployments."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from planner.management.command import Command as BaseCommand
from planner.services.sample import sample_load
from planner.services.sign_in import first_superuser, person_for_link


class Command(BaseCommand):
    help = "Load the sample deployments, unless they are there already."

    def handle(self, **options: Any) -> None:
        user = first_superuser() or person_for_link(email="admin")[0]
        samples = sample_load(now=timezone.now(), user=user)
        for sample in samples:
            state = "loaded" if sample.is_new else "was there already"
            self.say(f"{sample.deployment.name} {state}: /d/{sample.deployment.slug}/")
        if options["json"]:
            self.print_json(
                [
                    {"deployment": sample.deployment.slug, "loaded": sample.is_new}
                    for sample in samples
                ]
            )
