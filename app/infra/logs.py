"""Structured logs: one JSON object per line in production, readable lines in development."""

import logging
import sys

import structlog

from app.config import Settings

# Never with local variables: among them are passwords and tokens.
_PLAIN_TRACEBACK = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure_logs(settings: Settings) -> None:
    """Set up structlog and quiet the libraries; call once per process."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_PLAIN_TRACEBACK)
            if settings.log_json
            else structlog.processors.ExceptionPrettyPrinter(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
