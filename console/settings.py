"""Everything that differs between two deployments comes from the environment, read here and nowhere else."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
VAR = Path(env.str("VAR_DIR", default=str(ROOT / "var")))

DEBUG = env.bool("DEBUG", default=False)
PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
HTTPS = PUBLIC_URL.startswith("https://")


def _secret_key() -> str:
    """The key of the environment, or the one that `make run` keeps in var/."""
    if key := env.str("SECRET_KEY", default=""):
        return str(key)
    kept = VAR / "secret_key"
    if kept.is_file():
        return kept.read_text().strip()
    if len(sys.argv) > 1 and sys.argv[1] in {"run", "collectstatic", "makemigrations", "check", "sandbox"}:
        return "no-key-is-needed-for-this-command"
    message = "SECRET_KEY is not set. Set SECRET_KEY (or SECRET_KEY_FILE) to a long random text; `make run` makes one."
    raise ImproperlyConfigured(message)


SECRET_KEY = _secret_key()

# --- The provider -----------------------------------------------------------------------------------------------------
CODEGO_ENVIRONMENT = env.str("CODEGO_ENVIRONMENT", default="sandbox")
_LIVE = CODEGO_ENVIRONMENT == "live"
CODEGO_API_KEY = env.str("CODEGO_API_KEY", default="")
CODEGO_KYC_API_KEY = env.str("CODEGO_KYC_API_KEY", default="") or CODEGO_API_KEY
CODEGO_API_URL = env.str(
    "CODEGO_API_URL",
    default="https://visacard.codegotech.com/api/v1" if _LIVE else "https://vcc-sandbox.codegotech.com/api/v1",
).rstrip("/")
CODEGO_KYC_URL = env.str(
    "CODEGO_KYC_URL",
    default="https://kyc-live.codegotech.com/api" if _LIVE else "https://kyc-sandbox.codegotech.com/api",
).rstrip("/")
_kyc = urlsplit(CODEGO_KYC_URL)
CODEGO_KYC_ORIGINS = sorted(
    {
        *env.list(
            "CODEGO_KYC_ORIGINS",
            default=["https://kyc-live.codegotech.com" if _LIVE else "https://kyc-sandbox.codegotech.com"],
        ),
        f"{_kyc.scheme}://{_kyc.netloc}",
    }
)
CODEGO_WEBHOOK_SECRETS = env.list("CODEGO_WEBHOOK_SECRETS", default=[])
REQUEST_LOG_DAYS = env.int("REQUEST_LOG_DAYS", default=14)  # how long requests to the provider are kept, redacted
# what a browser encrypts its session keys to; pasted on one line, its line breaks may be written as \n
CODEGO_SECRETS_PUBLIC_KEY = env.str("CODEGO_SECRETS_PUBLIC_KEY", default="").replace("\\n", "\n").strip()
CODEGO_TIMEOUT = 10.0  # seconds; what integrators of this API use

# --- Brand ------------------------------------------------------------------------------------------------------------
BRAND_NAME = env.str("BRAND_NAME", default="Deckhand")
BRAND_LOGO = env.str("BRAND_LOGO", default="")
BRAND_ACCENT = env.str("BRAND_ACCENT", default="#3b5bdb")
BRAND_SUPPORT_EMAIL = env.str("BRAND_SUPPORT_EMAIL", default="")

# --- Applications -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "console",
    "console.audit",
    "console.branding",
    "console.staff",
    "console.notices",
    "console.history",
    "console.terms",
    "console.provider",
    "console.notes",
    "console.vocabulary",
    "console.saved",
    "cardholders",
    "cards",
    "transactions",
    "console.sync",
    "console.timeline",
    "console.reconciliation",
    "console.bulk",
    "console.search",
]
MIDDLEWARE = [
    "console.proxies.ForwardedMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "console.compression.PageCompression",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "console.audit.middleware.RefusalMiddleware",
    "console.access.AccessMiddleware",
    "console.saved.middleware.SavedMiddleware",
    "console.staff.middleware.PreferencesMiddleware",
    "cardholders.kyc_headers.PermissionsPolicyMiddleware",
]
ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.context.frame",
            ],
        },
    },
]

# --- Data: SQLite as stack.md section 3 measured it, or PostgreSQL -----------------------------------------------------
_database = env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'deckhand.sqlite3'}")
if "sqlite" in _database["ENGINE"]:
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA mmap_size=268435456;"
        "PRAGMA journal_size_limit=67108864;PRAGMA cache_size=-32000;PRAGMA temp_store=MEMORY;",
    }
    _database["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
else:
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": _database}
CACHES = {
    # sign-in throttling counts here, once for all processes
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "console_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The worker: the database is the queue of record, the broker a doorbell -------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
CELERY_BROKER_FOLDER = VAR / "broker"
CELERY_BEAT_FILE = VAR / "beat"

# --- Sign-in ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "console.staff.adapter.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = False
ALLAUTH_TRUSTED_PROXY_COUNT = 0  # console.proxies has already put the person's address in REMOTE_ADDR
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="demo")
SESSION_COOKIE_NAME = f"deckhand_{PORT}"  # two consoles on one host do not sign each other out
CSRF_COOKIE_NAME = f"deckhand_csrf_{PORT}"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "console.errors.csrf_failure"

# --- What a browser may do --------------------------------------------------------------------------------------------
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_SSL_REDIRECT = False  # the proxy that ends TLS redirects
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}

# --- Files and words --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [ROOT / "static"]
MEDIA_ROOT = VAR / "files"
FILE_UPLOAD_HANDLERS = ["console.proxies.NoUploads"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("it", "Italiano"), ("es", "Español")]  # each in its own words
LOCALE_PATHS = [ROOT / "templates" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=BRAND_SUPPORT_EMAIL or "deckhand@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {
        # a probe that says "not yet" is an answer, not an error
        "no_probes": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", 0) != 503,
        },
        "no_tokens": {"()": "console.errors.NoTokens"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_probes", "no_tokens"]}
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"deckhand": {"level": env.str("LOG_LEVEL", default="WARNING")}},
}
