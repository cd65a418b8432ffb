"""Error kind -> HTTP status and RFC 9457 body: the only such table."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import OperationalError as DriverError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.kit import errors
from app.kit.faults import fault_of
from app.web import messages, rate_limit
from app.web.language import Language, preferred_language

STATUS: dict[type[errors.DudaoError], int] = {
    errors.Invalid: 422,
    errors.Unauthorised: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
_HTTP_CODES = {
    404: "request.not-found",
    405: "request.method-not-allowed",
    413: "request.too-large",
    415: "request.media-type",
}
_RETRY_AFTER_S = "5"
_UNREADABLE = 400
_log = structlog.get_logger("dudao.web")


def install(app: FastAPI) -> None:
    """Make every error of the application leave as problem+json."""
    app.add_exception_handler(errors.DudaoError, _on_business_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(OperationalError, _on_database_down)
    app.add_exception_handler(DriverError, _on_database_down)
    app.add_exception_handler(PoolTimeout, _on_database_down)
    app.add_exception_handler(Exception, _on_failure)


def problem_response(
    request: Request,
    status: int,
    code: str,
    *,
    data: dict[str, Any] | None = None,
    faults: Sequence[errors.Fault] = (),
) -> Response:
    """The reply for one problem, in the caller's language."""
    language = preferred_language(request.headers.get("accept-language", ""))
    body = {
        "type": f"urn:dudao:problem:{code}",
        "code": code,
        "title": messages.title_of(code, language),
        "detail": messages.detail_of(code, language, data or {}),
        "status": status,
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", ""),
        "errors": [_fault(fault, language) for fault in faults],
    }
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = _RETRY_AFTER_S
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _fault(fault: errors.Fault, language: Language) -> dict[str, Any]:
    return {
        "pointer": fault.pointer,
        "code": fault.code,
        "message": messages.fault_text(fault.code, language, fault.data),
        "params": fault.data,
    }


def _on_business_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.DudaoError)  # noqa: S101 - registered for this class only
    status = STATUS[type(error)]
    reply = problem_response(request, status, error.code, data=error.data, faults=error.faults)
    if isinstance(error, errors.TooMany):
        reply.headers.update(rate_limit.refusal_headers(error))
    return reply


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    faults = [fault_of(entry) for entry in error.errors()]
    return problem_response(request, 422, "request.invalid", faults=faults)


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == _UNREADABLE:  # the framework's word for a body that cannot be read
        faults = (errors.Fault("", "field.format", {"expected": "a body that can be read"}),)
        return problem_response(request, 422, "request.invalid", faults=faults)
    code = _HTTP_CODES.get(error.status_code, "request.refused")
    return problem_response(request, error.status_code, code)


def _on_database_down(request: Request, error: Exception) -> Response:
    _log.warning("database_unavailable", error=type(error).__name__)
    return problem_response(request, 503, "service.busy")


def _on_failure(request: Request, error: Exception) -> Response:
    _log.error("request_failed", exc_info=error)
    return problem_response(request, 500, "service.failed")
