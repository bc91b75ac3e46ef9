"""Names that are safe on every file system and in every spreadsheet."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_PART_BYTES = 200  # file systems take 255; what follows adds a number and ".png"
_SUFFIXES = {"jpeg": (".jpg", ".jpeg"), "png": (".png",)}


def safe_path(folder: str, name: str) -> str:
    """A relative path without `..`, drive, control characters or names that Windows reserves."""
    parts = [_safe_part(part) for part in f"{folder}/{name}".replace("\\", "/").split("/")]
    return "/".join(part for part in parts if part) or "image"


def _safe_part(part: str) -> str:
    part = _UNSAFE.sub("_", unicodedata.normalize("NFC", part)).strip(" ")
    if part.strip(".") == "":
        return ""
    part = part.rstrip(". ")
    if part.startswith("."):
        part = "_" + part[1:]
    if _RESERVED.match(part):
        part = "_" + part
    if len(part.encode()) > _PART_BYTES:
        stem, dot, suffix = part.rpartition(".")
        suffix = dot + suffix if dot and len(suffix) <= 8 else ""
        stem = stem if suffix else part
        part = stem.encode()[: _PART_BYTES - len(suffix)].decode(errors="ignore") + suffix
    return part


class UniqueNames:
    """Hands out each path once, also where upper and lower case are the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, path: str) -> str:
        """The path, or the path with ` (2)`, ` (3)` ... before its suffix."""
        folder, slash, name = path.rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        if not stem:
            stem, dot, suffix = name, "", ""
        number, candidate = 1, path
        while candidate.casefold() in self._taken:
            number += 1
            candidate = f"{folder}{slash}{stem} ({number}){dot}{suffix}"
        self._taken.add(candidate.casefold())
        return candidate


def with_suffix_of(path: str, display_type: str) -> str:
    """The path with a suffix that tells the truth about a display file (`jpeg` or `png`)."""
    suffixes = _SUFFIXES[display_type]
    return path if path.lower().endswith(suffixes) else path + suffixes[0]


def archive_name(project: str, format: str, seq: int) -> str:
    """What a browser saves an export as: `<project>-<format>-<seq>.zip`, plain ASCII."""
    plain = unicodedata.normalize("NFKD", project).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60] or "project"
    return f"{slug}-{format}-{seq}.zip"


def cell(value: str) -> str:
    """A text for CSV that no spreadsheet takes for a formula."""
    return "'" + value if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
