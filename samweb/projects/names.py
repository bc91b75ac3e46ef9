"""Names that people and their computers give: kept as text to show, never used as paths."""

from __future__ import annotations

import re
import unicodedata

from samweb.core.errors import Rejected

# They turn the reading direction of what follows, on a screen that shows the name in a line.
DIRECTION = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
DRIVE = re.compile(r"[A-Za-z]:")
NAME_LETTERS = 500
FOLDER_LETTERS = 1000


def clean_text(value: object, field: str, *, most: int, empty: bool = False) -> str:
    """One line of text from outside: NFC, trimmed, without control letters.

    Raises Rejected when it is no text, too long, or nothing is left.
    """
    if not isinstance(value, str):
        raise Rejected(f"{field} must be text.", code="bad_text")
    text = display_name(value)
    if len(text) > most:
        raise Rejected(f"{field} must be at most {most} letters.", code="too_long")
    if not text and not empty:
        raise Rejected(f"{field} must not be empty.", code="empty")
    return text


def display_name(text: str) -> str:
    """Text that can be shown and stored: half letters replaced, control letters gone, NFC."""
    text = text.encode("utf-8", "replace").decode()
    text = unicodedata.normalize("NFC", text.translate(DIRECTION))
    return "".join(
        letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs")
    ).strip()


def place(path: str, folder: str = "") -> tuple[str, str]:
    """(folder, name) to show for a file that came as `path`, below `folder`.

    Both kinds of slashes part; drives, `.` and `..` and empty parts fall away. Nothing on disk is
    ever named after it.
    """
    parts = []
    for text in (folder, path):
        for part in text.replace("\\", "/").split("/"):
            part = display_name(part)
            if part and part not in (".", "..") and not DRIVE.fullmatch(part):
                parts.append(part)
    name = _shortened(parts[-1] if parts else "unnamed", NAME_LETTERS)
    above = "/".join(parts[:-1])
    return above[:FOLDER_LETTERS].rstrip("/"), name


def folder_path(folder: str) -> str:
    """A folder as stored: parts joined by one slash, nothing that climbs."""
    above, last = place(folder) if folder.strip("/\\ ") else ("", "")
    return f"{above}/{last}".strip("/")[:FOLDER_LETTERS]


def _shortened(name: str, most: int) -> str:
    if len(name) <= most:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return name[:most]
    return f"{stem[: most - len(ending) - 1]}.{ending}"
