"""The rows of one stored visit, copied under new ids: what the psycopg script inserts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from app.kit.ids import new_id

Row = dict[str, Any]
# In the order of inserting; %s is the id of the visit's site.
_VISITS = "SELECT id FROM visit WHERE site_id = %s"
_REVISIONS = f"SELECT id FROM visit_revision WHERE visit_id IN ({_VISITS})"  # noqa: S608 - no input
_PHOTOS = f"SELECT photo_id FROM visit_photo WHERE revision_id IN ({_REVISIONS})"  # noqa: S608
_SOURCES = {
    "visit": f"id IN ({_VISITS})",
    "visit_revision": f"visit_id IN ({_VISITS})",
    "answer": f"revision_id IN ({_REVISIONS})",
    "finding": f"revision_id IN ({_REVISIONS})",
    "visit_photo": f"revision_id IN ({_REVISIONS})",
    "photo_grant": f"photo_id IN ({_PHOTOS})",
    "event": f"kind = 'visit.submitted' AND subject_id IN ({_VISITS})",
}
_OWN_IDS = ("visit", "visit_revision", "finding", "visit_photo", "photo_grant", "event")


class Copier:
    """Takes a visit that the service has stored as its model."""

    def __init__(self, connection: psycopg.Connection[Any], site: str) -> None:
        self._connection = connection
        self._sites = {
            row[0]: row[1] for row in connection.execute("SELECT code, id FROM site").fetchall()
        }
        model = self._sites[site]
        self._model = {name: self._read(name, where, model) for name, where in _SOURCES.items()}
        self._statements = {name: _statement(name, rows) for name, rows in self._model.items()}

    def rows_for(self, site: str, task_id: UUID) -> dict[str, list[Any]]:
        """The values of every statement for a visit to another site."""
        new: dict[Any, Any] = {
            row["id"]: new_id() for name in _OWN_IDS for row in self._model[name]
        }
        new |= {row["photo_id"]: new_id() for row in self._model["visit_photo"]}
        visit = self._model["visit"][0]
        new |= {visit["site_id"]: self._sites[site], visit["task_id"]: task_id}
        as_text = {str(old): str(value) for old, value in new.items()}
        return {
            name: [_changed(value, new, as_text) for row in rows for value in row.values()]
            for name, rows in self._model.items()
        }

    def insert(self, rows: dict[str, list[Any]]) -> None:
        """All rows of one visit, one statement per table, in one transaction."""
        with self._connection.transaction():
            for name, values in rows.items():
                self._connection.execute(self._statements[name], values)

    def _read(self, name: str, where: str, site_id: UUID) -> list[Row]:
        query = sql.SQL("SELECT * FROM {} WHERE ").format(sql.Identifier(name))
        with self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(query + sql.SQL(where), [site_id])
            return [row | ({"seq": None} if name == "event" else {}) for row in cursor.fetchall()]


def _statement(name: str, rows: Sequence[Row]) -> sql.Composed:
    columns = list(rows[0])
    one = sql.SQL("({})").format(sql.SQL(",").join([sql.Placeholder()] * len(columns)))
    return sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
        sql.Identifier(name),
        sql.SQL(",").join(map(sql.Identifier, columns)),
        sql.SQL(",").join([one] * len(rows)),
    )


def _changed(value: Any, new: dict[Any, Any], as_text: dict[str, str]) -> Any:
    if isinstance(value, UUID):
        return new.get(value, value)
    if isinstance(value, dict):
        return Jsonb({key: as_text.get(str(part), part) for key, part in value.items()})
    return value
