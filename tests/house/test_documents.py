"""What is written down is what the code does: interface, error codes, events, settings."""

import ast
import re
from functools import cache

import pytest
from openapi_spec_validator import validate

from app.audit.labels import KINDS
from app.config import Settings
from app.reactions import HANDLER_NAMES, HANDLERS, REACTIONS
from app.web import messages, openapi
from tests.conftest import ROOT
from tests.support import INTERFACE

APP = ROOT / "app"
_RAISERS = {
    "Invalid", "Conflict", "NotFound", "Forbidden", "Unauthorised", "Gone", "Unavailable", "TooMany"
}  # fmt: skip
_CATALOGUES = {
    f"app/web/{name}messages.py"
    for name in ("", "citizen_", "field_", "ledger_", "photo_", "ranking_", "sheet_", "unit_")
}
_CODE = re.compile(r"[a-z][a-z-]*(\.[a-z][a-z-]*)+")
_VARIABLE = re.compile(r"\bDUDAO_[A-Z0-9_]+\b")


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """Every node of the code with the file that it stands in; the code is parsed once."""
    return [
        (str(path.relative_to(ROOT)), node)
        for path in sorted(APP.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]


@cache
def calls() -> list[tuple[str, str, ast.Call]]:
    return [
        (path, name_of(node.func), node) for path, node in nodes() if isinstance(node, ast.Call)
    ]


def name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def literal(call: ast.Call, position: int, keyword: str = "code") -> str | None:
    given = call.args[position] if len(call.args) > position else None
    for one in call.keywords:
        given = one.value if one.arg == keyword else given
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None


def raised() -> tuple[set[str], set[str]]:
    """Codes of problems and of faults that the code can give."""
    problems, faults = set(), set()
    for path, name, call in calls():
        if name in _RAISERS and call.args:
            code = literal(call, 0)
            assert code, f"{path}:{call.lineno}: the code of {name} is not written out"
            problems.add(code)
        elif name == "Refused" and call.args and literal(call, 0):
            problems.add(literal(call, 0))
        elif name == "problem_response" and literal(call, 2):
            problems.add(literal(call, 2))
        elif name == "Fault" and literal(call, 1):
            faults.add(literal(call, 1))
    return problems, faults


def constants() -> set[str]:
    """Every text in the code that looks like a code, but for the catalogue itself."""
    return {
        node.value
        for path, node in nodes()
        if path not in _CATALOGUES
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if _CODE.fullmatch(node.value)
    }


def test_every_code_that_is_raised_has_its_texts():
    problems, faults = raised()
    assert len(problems) > 15
    assert len(faults) > 15
    assert problems <= set(messages.PROBLEMS)
    assert faults <= set(messages.FIELDS)


def test_every_text_belongs_to_a_code_that_is_raised():
    assert set(messages.PROBLEMS) | set(messages.FIELDS) <= constants()


def test_the_placeholders_of_a_text_are_filled_where_it_is_raised():
    for path, name, call in calls():
        if name in _RAISERS and call.args:
            text = messages.PROBLEMS[str(literal(call, 0))]
            given = {one.arg for one in call.keywords}
            for gap in re.findall(r"{(\w+)}", text.zh + text.do_zh):
                assert gap in given, f"{path}:{call.lineno} does not say {gap}"


def test_the_error_page_is_current():
    page = (ROOT / "openapi" / "errors.md").read_text(encoding="utf-8")
    assert page == openapi.errors_page(), "run: scripts/dudao openapi"


def test_the_interface_description_is_current(app):
    kept = (ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8")
    assert kept == openapi.dump(app), "run: scripts/dudao openapi"


@pytest.mark.long
def test_the_interface_description_is_a_valid_document():
    validate(INTERFACE)


def test_every_operation_says_what_it_does_and_what_can_go_wrong():
    seen = set()
    for path, found in INTERFACE["paths"].items():
        for method, operation in found.items():
            assert operation["summary"], path
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            if path.startswith("/v1"):
                usual = {"422", "503"} if path.startswith("/v1/public/") else {"401", "422", "503"}
                assert usual <= set(operation["responses"]), f"{method} {path}"


def test_output_shapes_have_no_defaults():
    """So that a client sees every field as present."""
    for name, schema in INTERFACE["components"]["schemas"].items():
        if name.endswith("Out") and "properties" in schema:
            assert set(schema["properties"]) == set(schema.get("required", [])), name


def test_every_kind_of_event_has_its_reactions_and_the_reverse():
    recorded = set()
    for path, name, call in calls():
        if name not in {"record", "record_many"} or path == "app/infra/events.py":
            continue
        kind = literal(call, 1, "kind")
        assert kind, f"{path}:{call.lineno}: the kind of the event is not written out"
        recorded.add(kind)
    assert recorded == set(REACTIONS)


def test_handlers_have_one_name_each():
    names = [name for names in HANDLER_NAMES.values() for name in names]
    assert set(names) == set(HANDLERS)
    assert all(HANDLERS[name].name == name for name in names)


@pytest.mark.parametrize("field", list(Settings.model_fields))
def test_every_setting_is_documented(field):
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert f"`DUDAO_{field.upper()}`" in page


def test_no_setting_is_documented_that_is_gone():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    known = {f"DUDAO_{field.upper()}" for field in Settings.model_fields}
    rows = [line for line in page.splitlines() if line.startswith("| `DUDAO_")]
    documented = {name for line in rows for name in _VARIABLE.findall(line.split("|")[1])}
    assert documented == known


def test_nobody_but_config_reads_the_environment():
    for path, node in nodes():
        if path != "app/config.py" and isinstance(node, ast.Attribute):
            assert node.attr not in {"environ", "getenv"}, f"{path}:{node.lineno} reads it"


def test_every_kind_of_event_has_its_words_and_the_reverse():
    """Else an auditor reads ``visit.retake-requested`` instead of words: app/audit/labels.py."""
    assert set(KINDS) == set(REACTIONS)
