"""Settings of the workbench, read from the workspace's `plumbline.toml` and the environment.

    [workbench]
    database = "postgresql://user:word@host/name"   # without it: workbench.db in the workspace
    hosts = ["plumbline.example.gov.cn"]             # names it is reached by, beside this machine's own
    digest = "sm3"                                   # of the trail; "sha256" without it
    secure = true                                    # served by https, through `proxies` (1) of ours
    second_factor = "optional"                       # a trial office; else everybody with a role has one
    demo = true                                      # pages say that everybody is invented

    [workbench.oidc]                                 # the identity provider, for those who have one
    name = "政务统一认证"
    server_url = "https://login.example.gov.cn"
    client_id = "plumbline"
    secret = "..."
    username = "preferred_username"                  # a claim that names accounts here, where wanted

A secret (`database`, `secret`, a token of `peers`, an address of `anchors`) may stand in a file of its own:
`database = "file:private/database"`. Backups and exports are sealed by `seal = "sm4"` (or "aes") under the key in
the file `seal_key`; ladders of reminders are in `[workbench.ladders]` (`plumbline.kit.clock.ladder`).

`PLUMBLINE_WORKSPACE` says which workspace, `PLUMBLINE_DATABASE` overrides its database. What has no two
values in real offices is a constant here.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF

from plumbline.errors import DeclarationError, Text
from plumbline.web.database import database

WORKSPACE = Path(os.environ.get("PLUMBLINE_WORKSPACE", ".")).absolute()
PRIVATE = WORKSPACE / "private"  # keys and what people uploaded; nobody else may read it
_TOML = WORKSPACE / "plumbline.toml"


def _secret(name: str) -> str:
    """A secret of this workspace, made at the first call and readable by its owner alone."""
    if not _TOML.is_file():  # tools that only read the settings leave nothing behind
        return secrets.token_urlsafe(48)
    path = PRIVATE / name
    PRIVATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(file, secrets.token_urlsafe(48).encode())
        os.close(file)
    return path.read_text()


WORKBENCH: dict[str, Any] = (
    tomllib.loads(_TOML.read_text(encoding="utf-8")).get("workbench", {}) if _TOML.is_file() else {}
)


def _in_clear(said: Any) -> Any:
    """A setting, or what stands in the file that it names: secrets need not be written among settings."""
    if isinstance(said, str) and said.startswith("file:"):
        path = WORKSPACE / said.removeprefix("file:")
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DeclarationError(
                Text(f"读不出这个文件：{error}", f"this file cannot be read: {error}"),
                where=f"plumbline.toml [workbench] {said}",
                hint=Text(
                    "让运行工作台的账号可读", "let the account that runs the workbench read it"
                ),
            ) from None
    return said


SECRET_KEY = _secret("secret")
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *WORKBENCH.get("hosts", [])]
# Behind a proxy with a certificate the office says `secure = true`; on loopback there is none.
SECURE = bool(WORKBENCH.get("secure", False))

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_tasks_db",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "plumbline.trail",
    "plumbline.org",
    "plumbline.kit.clock",
    "plumbline.loop.delivery",
    "plumbline.loop.supervision",
    "plumbline.loop.supervision.identity",
    "plumbline.loop.warning",
    "plumbline.loop.warning.runs",
    "plumbline.loop.disposal",
    "plumbline.loop.disposal.exporting",
    "plumbline.loop.closure",
    "plumbline.web.cockpit",
    "plumbline.web",
    "plumbline.web.programs",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "plumbline.web.programs.guard.Programs",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "plumbline.web.bounds.NotKept",
    "plumbline.web.bounds.SignedInToday",
    "plumbline.web.live.Unmoved",
    "plumbline.org.guard.OneRequest",
    "plumbline.org.guard.IdleLock",
    "plumbline.org.guard.SecondFactor",
    "plumbline.web.told.TellErrors",
]

ROOT_URLCONF = "plumbline.web.urls"
WSGI_APPLICATION = "plumbline.web.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],  # before those that allauth brings
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "plumbline.web.navigation.navigation",
            ],
            "builtins": ["plumbline.bilingual", "plumbline.web.icons"],
        },
    }
]

DATABASES = {
    "default": database(
        os.environ.get("PLUMBLINE_DATABASE") or _in_clear(WORKBENCH.get("database")), WORKSPACE
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "org.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]  # fmt: skip

# -- signing in: by password and a second factor; nothing goes by mail, which offices behind no network lack
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "account_login", "home", "account_login"
ACCOUNT_ADAPTER = "plumbline.org.signing_in.Accounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_METHODS = {"password", "mfa"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = int(WORKBENCH.get("proxies", 1 if SECURE else 0))
MFA_ADAPTER = "plumbline.org.signing_in.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "准绳 Plumbline"
MFA_TOTP_TOLERANCE = 1  # the clocks of phones and of servers without network differ
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = (
    not SECURE
)  # browsers themselves allow it on this machine alone
SECOND_FACTOR = WORKBENCH.get("second_factor", "required")
_OIDC: dict[str, Any] = WORKBENCH.get("oidc", {})
DEMO = bool(WORKBENCH.get("demo", False))
OIDC_USERNAME_CLAIM = _OIDC.get("username", "")
SOCIALACCOUNT_ADAPTER = "plumbline.org.signing_in.OidcAccounts"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [{
            "provider_id": "office",
            "name": _OIDC["name"],
            "client_id": _OIDC["client_id"],
            "secret": _in_clear(_OIDC["secret"]),
            "settings": {"server_url": _OIDC["server_url"]},
        }] if _OIDC else [],
    }
}  # fmt: skip
# In the database, so that a limit on attempts holds over all processes of all machines.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "plumbline_cache",
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
TIME_ZONE = WORKBENCH.get("time_zone", "Asia/Shanghai")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True  # an office has no step of collecting files
MEDIA_ROOT = PRIVATE / "files"
FILE_UPLOAD_HANDLERS = [
    "plumbline.web.bounds.LargestRequest",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # of what is no file
DATA_UPLOAD_MAX_NUMBER_FIELDS, DATA_UPLOAD_MAX_NUMBER_FILES = 2000, 20

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
if SECURE:
    # The proxy says by which way somebody came; without it every form would be taken for another site's.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    # Browsers take such cookies from this very host alone, and by https.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
CSRF_COOKIE_HTTPONLY = True  # forms carry their token; no script reads it
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = (
    "Lax"  # Strict would lose who comes back from signing in elsewhere
)
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],  # the picture of a one-time key that an authenticator reads
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

TRAIL_DIGEST = WORKBENCH.get("digest", "sha256")
# Where signed heads go besides the database: files (other disks, other machines) and peers' addresses.
TRAIL_ANCHORS = [
    _in_clear(place) for place in WORKBENCH.get("anchors", [str(PRIVATE / "heads.jsonl")])
]
# Other offices that keep their heads here: name -> token.
TRAIL_PEERS: dict[str, str] = {
    name: _in_clear(token) for name, token in WORKBENCH.get("peers", {}).items()
}
