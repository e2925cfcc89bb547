from django.apps import AppConfig

from planner.celery import app as celery_app

__all__ = ["PlannerConfig", "celery_app"]


class PlannerConfig(AppConfig):
    """The one app. Importing the Celery app here gives it to the web process too."""

    name = "planner"
    default_auto_field = "django.db.models.BigAutoField"
