"""Every setting. The only reader of the environment; a bad value fails loudly at start.

``docs/settings.md`` describes each variable. *Embedded* means: no ``DATABASE_URL``, or one that
names SQLite. Then everything lies in ``DATA_DIR`` and nothing has to be set.
"""

from pathlib import Path

from csp.constants import NONCE, NONE, SELF, UNSAFE_INLINE

from planner.environment import Environment, folder, kept_secret, refuse, without_links

BASE_DIR = Path(__file__).resolve().parent.parent
environment = Environment()

# ---------------------------------------------------------------------------- where it runs
DEBUG = environment.flag("DEBUG", False)
DATA_DIR = folder(
    "DATA_DIR", Path(environment.text("DATA_DIR", str(BASE_DIR / "var"))).expanduser()
)
HOST = environment.matching(
    "HOST", "127.0.0.1", r"[\w.:-]+", "an address or name to listen on, like 0.0.0.0"
)
PORT = environment.whole("PORT", 8000, least=1, most=65535)
WEB_WORKERS = environment.whole("WEB_WORKERS", 1, least=1, most=64)
WEB_THREADS = environment.whole("WEB_THREADS", 4, least=1, most=64)
BASE_ADDRESS = environment.address("BASE_URL", f"http://localhost:{PORT}", ("http", "https"))
if not BASE_ADDRESS.hostname:
    refuse("BASE_URL", "must name a host, like https://flightplan.example.com.")
if BASE_ADDRESS.path.strip("/") or BASE_ADDRESS.query or BASE_ADDRESS.username:
    refuse("BASE_URL", "must be scheme and host alone, like https://flightplan.example.com.")
BASE_URL = f"{BASE_ADDRESS.scheme}://{BASE_ADDRESS.netloc}"
SECURE = BASE_ADDRESS.scheme == "https"

# What `make install` builds: the package upgradecheck, which /dist/ serves.
DIST_DIR = BASE_DIR / "dist"

# ----------------------------------------------------------------------- database and broker
DATABASES = {
    "default": environment.database("DATABASE_URL", f"sqlite:///{DATA_DIR}/flightplan.sqlite3")
}
EMBEDDED = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if EMBEDDED:
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_REDIS = environment.address("REDIS_URL", "", ("redis", "rediss", "redis+socket"))
if _REDIS.scheme == "redis+socket" and not _REDIS.path.strip("/"):
    refuse("REDIS_URL", "must name the socket's path, like redis+socket:///run/redis.sock.")
if _REDIS.scheme in ("redis", "rediss") and not _REDIS.hostname:
    refuse("REDIS_URL", "must name a host, like redis://host:6379/0.")
if _REDIS.scheme in ("redis", "rediss") and not (_REDIS.path.strip("/") or "0").isdecimal():
    refuse("REDIS_URL", "must end with a database number, like redis://host:6379/0.")
# Put together by hand: geturl() drops the empty host of redis+socket:///path.
REDIS_URL = _REDIS.scheme and f"{_REDIS.scheme}://{_REDIS.netloc}{_REDIS.path}"
if _REDIS.query:
    REDIS_URL += f"?{_REDIS.query}"
# A Redis that has gone without closing its connections must not hold a request for ever.
REDIS_TIMEOUTS = {"socket_timeout": 5, "socket_connect_timeout": 5}
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL.replace("redis+socket://", "unix://"),
            "OPTIONS": REDIS_TIMEOUTS,
        }
    }

# --------------------------------------------------------------------------------- the queue
QUEUE_DIR = DATA_DIR / "queue"
CELERY_BROKER_URL = REDIS_URL or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {**REDIS_TIMEOUTS}
if not REDIS_URL:
    for name in ("messages", "control"):
        folder("DATA_DIR", QUEUE_DIR / name)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "store_processed": False,
        "polling_interval": 0.5,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker that gives up would have to be noticed
CELERY_TASK_DEFAULT_QUEUE = "flightplan"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 2 * 60 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = environment.whole("WORKER_CONCURRENCY", 2, least=1, most=64)
# Threads start faster and stop without a word; processes survive a crash of one of them.
CELERY_WORKER_POOL = "threads" if EMBEDDED else "prefork"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(REDIS_URL)
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    # What is due is read from the database at every tick, so that nothing else needs a timetable.
    "tick": {"task": "planner.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
}

# ---------------------------------------------------------------------------------- security
SECRET_KEY = environment.text("SECRET_KEY")
if not SECRET_KEY and EMBEDDED:
    SECRET_KEY = kept_secret(DATA_DIR / "secret-key")
if not SECRET_KEY:
    refuse("SECRET_KEY", "must be set where DATABASE_URL names PostgreSQL: 50 random characters.")
if len(SECRET_KEY) < 32:
    refuse("SECRET_KEY", "is too short: it must have at least 32 random characters.")
ALLOWED_HOSTS = environment.words(
    "ALLOWED_HOSTS",
    list(dict.fromkeys([str(BASE_ADDRESS.hostname), "localhost", "127.0.0.1"])),
    each=r"[\w.*:\[\]-]+",
    expected="host names",
)
METRICS_TOKEN = environment.text("METRICS_TOKEN")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
if SECURE:
    # Whoever ends TLS in front of us says so in this header.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        # Numbers for bars and charts only: style="--v:.5". Style elements need the nonce.
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# ------------------------------------------------------------------------- people and access
LOGIN_URL = "/sign-in/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
_MAIL = environment.mail("EMAIL_URL")
MAIL_IS_SET_UP = bool(_MAIL)
EMAIL_BACKEND = _MAIL.get("EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
EMAIL_HOST = _MAIL.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _MAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _MAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _MAIL.get("EMAIL_FILE_PATH") or None
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.matching(
    "EMAIL_FROM",
    f"Flightplan <flightplan@{BASE_ADDRESS.hostname}>",
    r"[^@<>\r\n]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+",
    "like flightplan@example.com or Flightplan <flightplan@example.com>",
)

# ------------------------------------------------------------------------------ what comes in
ALLOW_PRIVATE_ADDRESSES = environment.flag("ALLOW_PRIVATE_ADDRESSES", EMBEDDED)
SOURCE_FOLDERS = environment.words(
    "SOURCE_FOLDERS", ["/"] if EMBEDDED else [], each=r"/.*", expected="folders from / on"
)
SOURCE_SECRETS = environment.words(
    "SOURCE_SECRETS", [], each=r"[A-Za-z_]\w*", expected="names of environment variables"
)
MAX_REPORT_BYTES = environment.whole("MAX_REPORT_BYTES", 256 * 2**20, least=2**20, most=2**34)
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# -------------------------------------------------------------------------------- the project
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "planner",
]
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "planner.views.clock.RequestClock",
]
ROOT_URLCONF = "planner.urls"
WSGI_APPLICATION = "planner.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "planner.rendering.plotly_file.PlotlyFinder",
]
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        # "Not ready" is an answer, asked for every few seconds; it is no error of ours.
        "no_503": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda line: getattr(line, "status_code", None) != 503,
        },
        "no_links": {"()": "django.utils.log.CallbackFilter", "callback": without_links},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["no_links"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Clients are told what they sent wrong; their addresses are nobody else's business, and
        # an address can hold a one-time link.
        "django.request": {"level": "ERROR", "filters": ["no_503"]},
        "httpx": {"level": "WARNING"},
        # Whoever tries other host names is refused; that is no error of ours either.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # The filesystem broker has no host, and says so at every start.
        "kombu.connection": {"level": "ERROR"},
    },
}
