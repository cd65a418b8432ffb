"""The people of the demo: inspectors, headquarters, and those who answer for areas and lines.

Names are made up from common surnames and given names. Passwords come from the caller's source of
randomness, so that a reproducible plan does not make reproducible passwords.
"""

from __future__ import annotations

import random
from typing import Any

from scripts.demo_steps.city_files import City, Phrases

_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PASSWORD_LENGTH = 16


def inspector_login(number: int) -> str:
    """The sign-in name of the inspector with a number, counted from 1."""
    return f"inspector{number:02d}"


def make_users(
    city: City, draw: random.Random, passwords: random.Random, inspectors: int
) -> list[dict[str, Any]]:
    """The users file: the inspectors first, then headquarters and coordinators."""
    staff = [(inspector_login(number), "inspector") for number in range(1, inspectors + 1)]
    staff += [("hq-admin", "hq_admin"), ("auditor", "auditor")]
    posts: list[tuple[str, str, str, list[str]]] = [
        (login, role, city.root, []) for login, role in staff
    ]
    posts += [(f"district-{code}", "unit_coordinator", code, []) for code in city.districts]
    bureau = max(city.bureau_lines, key=lambda unit: len(city.bureau_lines[unit]))
    lines = list(city.bureau_lines[bureau])
    posts.append((f"bureau-{bureau.lower()}", "unit_coordinator", bureau, lines))
    names = _names(city.phrases, draw, len(posts))
    return [
        {
            "login": login,
            "name": name,
            "password": _password(passwords),
            "role": role,
            "unit": unit,
            "areas": [city.root if lines else unit],
            "lines": lines,
        }
        for (login, role, unit, lines), name in zip(posts, names, strict=True)
    ]


def coordinator_of(city: City, unit: str) -> str:
    """The sign-in name of who coordinates for a unit: its district, else its own bureau."""
    parent = city.units[unit].parent
    return f"district-{parent}" if parent in city.districts else f"bureau-{unit.lower()}"


def handler_of(unit: str) -> str:
    """The sign-in name of who handles the cases of a unit."""
    return f"handler-{unit.lower()}"


def make_clerks(
    city: City, draw: random.Random, passwords: random.Random, known: set[str]
) -> list[dict[str, Any]]:
    """Who handles cases: somebody in each unit that answers for a line, and its coordinator.

    Coordinators whose logins are ``known`` are there already.
    """
    posts: list[tuple[str, str, str, tuple[str, ...]]] = [
        (handler_of(unit), "unit_handler", unit, ()) for unit in city.answering
    ]
    posts += [
        (login, "unit_coordinator", unit, city.bureau_lines.get(unit, ()))
        for unit in city.answering
        if (login := coordinator_of(city, unit)) not in known and unit in city.bureau_lines
    ]
    names = _names(city.phrases, draw, len(posts))
    return [
        {
            "login": login,
            "name": name,
            "password": _password(passwords),
            "role": role,
            "unit": unit,
            "areas": [city.root] if lines else [],
            "lines": list(lines),
        }
        for (login, role, unit, lines), name in zip(posts, names, strict=True)
    ]


def _names(phrases: Phrases, draw: random.Random, count: int) -> list[str]:
    whole = [surname + given for surname in phrases.surnames for given in phrases.given_names]
    return draw.sample(whole, count)


def _password(source: random.Random) -> str:
    return "".join(source.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))
