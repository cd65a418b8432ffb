"""Exports on the wire, and cases on a map."""

from app.ledger import labels
from app.ledger.presenting import Reader, time_out
from app.ledger.queries import ProblemView
from app.ledger.schemas_exports import ExportOut, FeatureOut, FeatureProperties, PointOut
from app.ledger.tables_exports import LedgerExport
from app.organisation.presenting import named
from app.web.language import pick
from app.web.wire import Named


def export_out(export: LedgerExport) -> ExportOut:
    """An export as who asked for it sees it."""
    shown = {name: getattr(export, name) for name in ExportOut.model_fields}
    return ExportOut(**shown)


def feature_out(view: ProblemView, reader: Reader) -> FeatureOut:
    """A case as a point on a map."""
    problem, language = view.problem, reader.language
    point = None
    if problem.wgs84_lat is not None and problem.wgs84_lon is not None:
        place = (round(problem.wgs84_lon, 7), round(problem.wgs84_lat, 7))
        point = PointOut(type="Point", coordinates=place)
    category = view.category
    time = time_out(problem, reader)
    return FeatureOut(
        type="Feature",
        id=problem.number,
        geometry=point,
        properties=FeatureProperties(
            number=problem.number,
            state=problem.state,
            state_label=pick(language, *labels.STATES[reader.audience][problem.state]),
            source=problem.source,
            category=pick(language, category.name_zh, category.name_en) if category else None,
            line=Named(
                code=view.line.code, name=pick(language, view.line.name_zh, view.line.name_en)
            ),
            area=named(view.area.unit, language),
            answerable_unit=named(view.answerable, language) if view.answerable else None,
            note=problem.note,
            found_at=problem.found_at,
            deadline_at=problem.deadline_at,
            late=time.late if time else False,
        ),
    )
