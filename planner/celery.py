"""The Celery app. One beat tick enqueues whatever is due."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "planner.settings")

app = Celery("flightplan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["planner"])


@beat_init.connect
def tick_at_start(**kwargs: Any) -> None:
    """What fell due while nothing ran is caught up at once, not a minute later."""
    app.send_task("planner.tasks.tick", expires=55)
