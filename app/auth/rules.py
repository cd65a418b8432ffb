"""Passwords and one-time codes, decided without a database."""

from collections.abc import Sequence

from app.kit.errors import Fault
from app.kit.ids import spoken_code

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
    return spoken_code(5, 5)
