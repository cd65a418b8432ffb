"""The summary of the ledger on the wire."""

from datetime import datetime
from decimal import Decimal

from app.ledger import summing
from app.ledger.rules import STATE_LABELS
from app.ledger.schemas_summary import (
    CountsOut,
    NamedCountsOut,
    OldOut,
    QuantityOut,
    RateOut,
    StateCountOut,
    SummaryOut,
)
from app.ledger.summarising import Summary, age_of
from app.ledger.summing import Counts, Rate
from app.organisation.presenting import named
from app.organisation.tables import Line
from app.web.language import Language, pick
from app.web.wire import Named

_MILLI, _CENT = Decimal(1000), Decimal(100)


def summary_out(summary: Summary, now: datetime, language: Language) -> SummaryOut:
    """All parts, with names beside codes."""
    units = summary.known_units
    return SummaryOut(
        as_of=now,
        all=_counts_out(summary.all),
        by_state=[
            StateCountOut(
                state=state, label=pick(language, *label), count=summary.all.in_state(state)
            )
            for state, label in STATE_LABELS.items()
        ],
        by_district=[
            NamedCountsOut(
                about=named(units[code], language) if code in units else None,
                counts=_counts_out(counts),
            )
            for code, counts in summary.districts.items()
        ],
        by_unit=[
            NamedCountsOut(about=named(units[code], language), counts=_counts_out(counts))
            for code, counts in summary.units.items()
        ],
        by_line=[
            NamedCountsOut(
                about=_line_out(summary.known_lines[code], language), counts=_counts_out(counts)
            )
            for code, counts in sorted(summary.lines.items())
        ],
        oldest=[
            OldOut(
                number=one.number,
                state=one.state,
                note=one.note,
                found_at=one.found_at,
                days=age_of(one, now),
                deadline_at=one.deadline_at,
            )
            for one in summary.oldest
        ],
        work=[
            QuantityOut(kind=kind, unit=unit, quantity=f"{(Decimal(milli) / _MILLI).normalize():f}")
            for kind, unit, milli in summary.work
        ],
    )


def _line_out(line: Line, language: Language) -> Named:
    return Named(code=line.code, name=pick(language, line.name_zh, line.name_en))


def _counts_out(counts: Counts) -> CountsOut:
    shown = {name: getattr(counts, name) for name in CountsOut.model_fields if name != "rates"}
    return CountsOut(**shown, rates=[_rate_out(one) for one in summing.rates(counts)])


def _rate_out(rate: Rate) -> RateOut:
    value = None if rate.value is None else f"{Decimal(rate.value) / _CENT:.2f}"
    return RateOut(
        definition=rate.definition,
        numerator=rate.numerator,
        denominator=rate.denominator,
        value=value,
    )
