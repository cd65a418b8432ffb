"""Passwords, one-time codes and addresses, decided without a database."""

import ipaddress
import secrets
from collections.abc import Sequence

from app.kit.errors import Fault

# No vowels and nothing that is taken for something else when it is read out on the telephone.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 10
CODE_TRIES = 5


def password_faults(
    password: str, *, login: str, least: int, at: str = "/new_password"
) -> Sequence[Fault]:
    """What is wrong with a new password: its length, or that it is the login. Nothing else is."""
    if len(password) < least:
        return (Fault(at, "field.too-short", {"limit": least}),)
    if password.casefold() == login.casefold():
        return (Fault(at, "password.is-login"),)
    return ()


def new_code() -> str:
    """A one-time code as it is shown, ``7QK2M-XH4PD``: 48 bits."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    return f"{drawn[:5]}-{drawn[5:]}"


def plain_code(typed: str) -> str:
    """What a typed code means: case, hyphens and spaces do not count."""
    return "".join(char for char in typed.upper() if char.isalnum())


def address_key(address: str | None) -> str:
    """Whom an address counts as: itself, and in IPv6 its /64, of which a caller has all."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return (address or "unknown")[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
