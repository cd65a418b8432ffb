"""Names of downloads: RFC 6266, with other letters than ASCII as RFC 5987 writes them."""

import re
from urllib.parse import quote

_LONGEST = 120
# What some file system or header cannot take; the rest is any letter of any script.
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*;%\u202a-\u202e\u2066-\u2069]+')


def file_name(*parts: str, extension: str) -> str:
    """A name that every file system takes: the parts that hold something, with ``_`` between."""
    clean = (_UNFIT.sub(" ", part).strip(" .") for part in parts)
    stem = "_".join(" ".join(part.split()) for part in clean if part)
    return f"{stem[:_LONGEST].rstrip(' ._')}.{extension}"


def content_disposition(name: str, *, attachment: bool) -> str:
    """The header for this name; who reads ASCII alone finds the ASCII letters of it."""
    kind = "attachment" if attachment else "inline"
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "file"
    if plain == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
