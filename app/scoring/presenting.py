"""Between standings and their wire shapes."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from app.organisation import queries as organisation
from app.organisation.presenting import named
from app.scoring.schemas import EntryOut, LeagueOut
from app.scoring.service import Entry, LeagueStanding
from app.web.language import Language, pick


class Presenter:
    """Looks up the names behind some standings once, and shapes their entries."""

    def __init__(self, tx: Session, found: Sequence[LeagueStanding], language: Language) -> None:
        units = [row.entrant.unit_id for one in found for row in one.rows]
        self._areas = organisation.describe_areas(tx, units)
        self._lines: dict[UUID, str] = {line.id: line.code for line in organisation.list_lines(tx)}
        self._language: Language = language

    def league(self, one: LeagueStanding) -> LeagueOut:
        """A league with all its entries."""
        return LeagueOut(
            code=one.league.code,
            name=pick(self._language, one.league.name_zh, one.league.name_en),
            entries=[self.entry(row) for row in one.rows],
        )

    def entry(self, row: Entry) -> EntryOut:
        """One entrant in its place."""
        area = self._areas[row.entrant.unit_id]
        district = area.district if area.district and area.district.id != area.unit.id else None
        return EntryOut(
            rank=row.place,
            entrant_id=row.entrant.id,
            unit=named(area.unit, self._language),
            district=named(district, self._language) if district else None,
            line=row.entrant.label,
            lines=sorted(self._lines[line] for line in row.entrant.line_ids),
            status=row.status,
            score=row.score,
            sites=row.sites,
            pending_visits=row.pending,
            flag=row.flag,
            award_fen=row.award_fen,
        )
