"""Everything samweb reads from the environment, read once and checked loudly."""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_KEYS = {"changeme", "secret", "django-insecure"}


class BadEnvironment(Exception):
    """An environment variable that samweb cannot work with; the message names it."""


@dataclass(frozen=True)
class Environment:
    """samweb's own settings. Paths are absolute; `max_pixels` counts width x height."""

    data_dir: Path
    host: str
    port: int
    url: str
    database_url: str
    broker_url: str
    redis_url: str
    device: str
    max_pixels: int
    max_upload_bytes: int
    admin_username: str
    admin_password: str
    debug: bool
    run_lease: int = 20  # seconds a worker may be silent before its run is taken over
    queue_prefix: str = "samweb"  # of the broker's queues, where several apps share a broker
    outbound_allow: tuple[str, ...] = ()  # networks that are reached although they are not public


def integer(name: str, default: int, *, least: int = 1) -> int:
    """Read a whole number from the environment, or say which variable is wrong."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text.replace("_", ""))
    except ValueError:
        raise BadEnvironment(f"{name} must be a whole number, not {text!r}.") from None
    if value < least:
        raise BadEnvironment(f"{name} must be at least {least}, not {value}.")
    return value


def networks(name: str) -> tuple[str, ...]:
    """Read addresses and networks, separated by commas, or say which variable is wrong."""
    found = []
    for part in os.environ.get(name, "").replace(",", " ").split():
        try:
            found.append(str(ipaddress.ip_network(part)))
        except ValueError:
            raise BadEnvironment(
                f"{name} must list networks such as 10.0.0.0/8, not {part!r}."
            ) from None
    return tuple(found)


def read() -> Environment:
    """Read the environment. Raises BadEnvironment with one sentence that names the variable."""
    data_dir = Path(os.environ.get("SAMWEB_DATA_DIR") or ROOT / "data").expanduser().resolve()
    host = os.environ.get("HOST", "").strip() or "127.0.0.1"
    port = integer("PORT", 8000)
    device = os.environ.get("SAMWEB_DEVICE", "").strip() or "auto"
    if device not in {"auto", "cpu", "cuda"}:
        raise BadEnvironment(f"SAMWEB_DEVICE must be auto, cpu or cuda, not {device!r}.")
    shown_host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
    url = os.environ.get("SAMWEB_URL", "").strip().rstrip("/") or f"http://{shown_host}:{port}"
    return Environment(
        data_dir=data_dir,
        host=host,
        port=port,
        url=url,
        database_url=os.environ.get("DATABASE_URL", "").strip(),
        broker_url=os.environ.get("CELERY_BROKER_URL", "").strip()
        or f"samwebsqlite:///{data_dir / 'queue.db'}",
        redis_url=os.environ.get("REDIS_URL", "").strip(),
        device=device,
        max_pixels=integer("SAMWEB_MAX_PIXELS", 200_000_000),
        max_upload_bytes=integer("SAMWEB_MAX_UPLOAD_BYTES", 2_000_000_000),
        admin_username=os.environ.get("SAMWEB_ADMIN_USERNAME", "").strip() or "admin",
        admin_password=os.environ.get("SAMWEB_ADMIN_PASSWORD", ""),
        debug=os.environ.get("SAMWEB_DEBUG", "") == "1",
        run_lease=integer("SAMWEB_RUN_LEASE", 20),
        queue_prefix=os.environ.get("SAMWEB_QUEUE_PREFIX", "").strip() or "samweb",
        outbound_allow=networks("SAMWEB_OUTBOUND_ALLOW"),
    )


def secret_key(data_dir: Path) -> str:
    """The signing key: SAMWEB_SECRET_KEY, else made once and kept in the data folder (0600)."""
    given = os.environ.get("SAMWEB_SECRET_KEY", "")
    if given:
        if len(given) < 32 or any(given.lower().startswith(known) for known in PUBLIC_KEYS):
            raise BadEnvironment("SAMWEB_SECRET_KEY must be a random text of at least 32 letters.")
        return given
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: when web and worker start together, one makes the key and the other reads it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
    return path.read_text().strip()


SQLITE_OPTIONS = {
    # IMMEDIATE: a transaction that reads and then writes must not fail with SQLITE_BUSY half-way.
    # FULL: "saved" survives a power cut (DESIGN 5).
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA cache_size=-16000; PRAGMA wal_autocheckpoint=1000;"
    ),
}


def database(url: str, data_dir: Path) -> dict[str, Any]:
    """Django's DATABASES entry for `postgresql://...`, `sqlite:///path` or nothing (SQLite)."""
    if not url or url.startswith("sqlite:"):
        path = unquote(url.removeprefix("sqlite:///")) if url else str(data_dir / "samweb.sqlite3")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "OPTIONS": dict(SQLITE_OPTIONS),
            "TEST": {"NAME": os.environ.get("SAMWEB_TEST_SQLITE") or None},
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadEnvironment(
            f"DATABASE_URL must begin with postgresql:// or sqlite:///, not {parts.scheme!r}."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
