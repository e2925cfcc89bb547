"""How the web process serves. Everything that can differ is a setting of Flightplan."""

from typing import Any

from planner import settings

wsgi_app = "planner.wsgi:application"
bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
worker_class = "gthread"
# Loaded before it listens: what is wrong shows at once, and the first visitor does not wait.
preload_app = True
timeout = 120
graceful_timeout = 10
control_socket_disable = True
# Addresses can hold one-time links; requests that fail are in Django's own log.
accesslog = None
loglevel = "warning"


def when_ready(server: Any) -> None:
    """Say that requests are answered; ``manage.py serve`` waits for this line."""
    server.log.warning("Flightplan answers at %s", settings.BASE_URL)
