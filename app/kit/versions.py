"""Versions of client programs: dotted numbers, compared part by part."""

import re

_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}\Z")


def parse_version(text: str) -> tuple[int, ...] | None:
    """The numbers of ``1.4.2``, without zeros at the end; None for anything else.

    What follows a hyphen or a plus (``1.4.2-beta+7``) does not count.
    """
    plain = re.split(r"[-+]", text.strip(), maxsplit=1)[0]
    if not _VERSION.match(plain):
        return None
    parts = [int(part) for part in plain.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def is_older(given: str, minimum: str) -> bool:
    """Whether a version lies below the minimum; one that cannot be read does."""
    found, least = parse_version(given), parse_version(minimum)
    return least is not None and (found is None or found < least)
