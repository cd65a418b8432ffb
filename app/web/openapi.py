"""The OpenAPI document: operation ids are function names, error replies stand on every route."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse

from app.web import messages
from app.web.field_messages import FIELDS
from app.web.wire import ProblemBody

_ASSETS = "/docs/assets"
_REF = "#/components/schemas/{model}"


def operation_id(route: APIRoute) -> str:
    """The name of the route's function: unique, and what generated clients call."""
    return route.name


def error_replies(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route: problem+json under each status."""
    content = {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemBody")}}}
    return {
        status: {"description": "problem+json", "content": content}
        for status in (*statuses, 422, 426, 503)
    }


UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "unchanged since the ETag in If-None-Match"}
}


def describe_errors(app: FastAPI) -> None:
    """Adds the body of every error reply to the document, which ``error_replies`` points to.

    As a ``model`` of each reply it would be made anew two thousand times at every start, and the
    document would promise it as plain JSON too.
    """
    undescribed = app.openapi

    def openapi() -> dict[str, Any]:
        document = undescribed()
        body = ProblemBody.model_json_schema(mode="serialization", ref_template=_REF)
        document["components"]["schemas"] |= body.pop("$defs") | {"ProblemBody": body}
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def dump(app: FastAPI) -> str:
    """The document as committed in ``openapi/openapi.json``: stable and readable."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def errors_page() -> str:
    """``openapi/errors.md``: the catalogue of error codes."""
    lines = ["# Error codes", "", "Generated from `app/web/messages.py`; do not edit.", ""]
    lines += ["## Problems", "", "| code | 中文 | English |", "|---|---|---|"]
    lines += [
        f"| `{code}` | {text.zh}。{text.do_zh} | {text.en}. {text.do_en} |"
        for code, text in sorted(messages.PROBLEMS.items())
    ]
    lines += ["", "## Faults of a field", "", "| code | 中文 | English |", "|---|---|---|"]
    lines += [f"| `{code}` | {text.zh} | {text.en} |" for code, text in sorted(FIELDS.items())]
    return "\n".join(lines) + "\n"


def serve_docs(app: FastAPI) -> None:
    """``/docs`` without the internet: the assets come out of an installed package."""
    import fastapi_offline

    assets = Path(fastapi_offline.__file__).parent / "static"
    app.mount(_ASSETS, StaticFiles(directory=assets), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon.png",
        )
