"""Runs and inspects the migrations below ``migrations/`` with one set of settings."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

_FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def _config(engine: Engine | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision; two at once wait for each other."""
    command.upgrade(_config(engine), "head")


def drift(engine: Engine) -> None:
    """Raises where the tables in code are not those of the newest revision."""
    command.check(_config(engine))


@cache
def newest_revision() -> str | None:
    """The newest revision in the folder; read once, since it comes with the program."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def revision_of(engine: Engine) -> str | None:
    """The revision of a database."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
