"""Rows that the database itself writes as CSV: the quickest way out of it.

Nothing of a row is made into a value of ours and back again; a batch is a few large pieces.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from app.infra.sheets import FORMULA_STARTS

_ID = len(str(UUID(int=0)))
_SIGNS = "+-"
_STARTS = "".join(one for one in FORMULA_STARTS if one not in _SIGNS)
_DOUBTFUL = (
    f"^('|[{_STARTS}]|[-+](?![0-9]+(\\.[0-9]+)?$)"
    r"|0[0-9]+$|[0-9]{12,}$|[0-9]+[eE][0-9]+$)"
)


def guarded(text: Any) -> Any:
    """A text as a cell of CSV holds it.

    What a spreadsheet would run as a formula, or take for a number and spoil (a long one loses
    digits, ``0123`` its zero, ``1E05`` becomes 100000), gets the leading apostrophe that
    ``sheets`` reads away again.
    """
    return sa.case((text.regexp_match(_DOUBTFUL), sa.func.concat("'", text)), else_=text)


def copy_rows(tx: Session, query: Any) -> tuple[bytes, int, UUID | None]:
    """What a query finds as lines of CSV, how many they are, and the id of the last one.

    That id is the query's first column, and is left out of the lines.
    """
    connection = tx.connection()
    statement = query.compile(connection).construct_expanded_state()
    values = {
        name: statement.processors[name](value) if name in statement.processors else value
        for name, value in statement.parameters.items()
    }
    driver: Any = connection.connection.driver_connection
    command = f"COPY ({statement.statement}) TO STDOUT (FORMAT csv)"
    with driver.cursor() as cursor, cursor.copy(command, values) as copy:
        lines = [bytes(line) for line in copy]  # PostgreSQL sends each row as a message of its own
    last = UUID(lines[-1][:_ID].decode()) if lines else None
    return b"".join(line[_ID + 1 :] for line in lines), len(lines), last
