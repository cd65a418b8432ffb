"""Between standings and their wire shapes."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from app.kit.marks import written_score
from app.organisation import queries as organisation
from app.organisation.presenting import named
from app.scoring.queries import EntrantView
from app.scoring.ranking import Standing
from app.scoring.schemas import EntryOut, LeagueOut
from app.scoring.service import LeagueStanding
from app.web.language import Language, pick


class Presenter:
    """Looks up the names behind some standings once, and shapes their entries."""

    def __init__(self, tx: Session, found: Sequence[LeagueStanding], language: Language) -> None:
        units = [view.entrant.unit_id for one in found for view, _ in one.rows]
        self._areas = organisation.describe_areas(tx, units)
        self._lines: dict[UUID, str] = {line.id: line.code for line in organisation.list_lines(tx)}
        self._language: Language = language

    def league(self, one: LeagueStanding) -> LeagueOut:
        """A league with all its entries."""
        head = one.league.league
        return LeagueOut(
            code=head.code,
            name=pick(self._language, head.name_zh, head.name_en),
            entries=[self.entry(*row) for row in one.rows],
        )

    def entry(self, view: EntrantView, row: Standing) -> EntryOut:
        """One entrant in its place."""
        area = self._areas[view.entrant.unit_id]
        district = area.district if area.district and area.district.id != area.unit.id else None
        return EntryOut(
            rank=row.rank,
            unit=named(area.unit, self._language),
            district=named(district, self._language) if district else None,
            line=view.entrant.label,
            lines=sorted(self._lines[line] for line in view.entrant.line_ids),
            score=None if row.hundredths is None else written_score(row.hundredths),
            sites=row.sites,
            pending_visits=row.pending,
            flag=None,
        )
