"""Logs are constant event names plus ids: colour for people on a terminal, JSON lines elsewhere.

Only allow-listed fields leave the process, so that a careless call cannot log a patient (SECURITY 13, 14).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from structlog.types import EventDict, WrappedLogger

from shared.settings import PlatformSettings

ALLOWED_FIELDS = frozenset(
    """event level timestamp task_id domain vhost queue worker engine pid state reason detail error code status
    attempt attempts deaths count seconds kind agent event_name url port signal exit_code restarts slots operation
    blocked exception where method path run fields provider model host version rejected_id delay_s
    request_id deployment""".split()  # noqa: SIM905
)
_QUIET = (
    "pika",
    "crewai",
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "anthropic",
    "google_genai",
    "openai",
    "langchain_anthropic",
    "langchain_core",
    "langchain_google_genai",
    "langchain_mistralai",
    "langchain_ollama",
    "langchain_openai",
    "opentelemetry",
    "dramatiq",
    "alembic",
    "uvicorn.access",
)


def _only_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _one_line(value) for key, value in event.items() if key in ALLOWED_FIELDS}


class _TextlessFormatter(logging.Formatter):
    """Lines of libraries: the first of each alone, as asyncio and pydantic quote below it; exceptions without text.

    asyncio shows arguments and results in its first line too, in brackets of either kind.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record).partition("\n")[0]
        return re.split("[(<]", line, maxsplit=1)[0] if record.name == "asyncio" else line

    def formatException(self, ei: Any) -> str:
        return f"{type(ei[1]).__name__} at {_places(ei[1])}"


class _TextlessJsonFormatter(_TextlessFormatter):
    """The same as one JSON object, like our own: whoever reads the log meets no line of another kind."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": "library_message",
            "logger": record.name,
            "message": super().format(record),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "process": self._process,
        }
        return json.dumps(line)


def _may_be_told(record: logging.LogRecord) -> bool:
    """Levels alone do not keep libraries quiet: with `OPENAI_LOG=debug` one lowers its own and prints whole prompts."""
    return record.levelno >= logging.CRITICAL or not record.name.startswith(_QUIET)


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def _without_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception as its type and the places it passed: its text may quote a patient."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        event["exception"] = type(error).__name__
        event["where"] = _places(error)
    return event


def _on_uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    structlog.get_logger(__name__).critical("uncaught_exception", exc_info=error)


def _on_uncaught_in_thread(given: threading.ExceptHookArgs) -> None:
    structlog.get_logger(__name__).critical("uncaught_exception_in_thread", exc_info=given.exc_value)


def _one_line(value: Any) -> Any:
    """CR and LF in a value must not forge a log line."""
    return value.replace("\r", "\\r").replace("\n", "\\n") if isinstance(value, str) else value


def configure_logging(platform: PlatformSettings, process: str) -> None:
    """Set up this process's logs on standard error. `process` names it on every line."""
    as_json = platform.log_format == "json" or (platform.log_format == "auto" and not sys.stderr.isatty())
    renderer: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    level = logging.getLevelNamesMapping()[platform.log_level]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_text,
            _only_allowed,
            lambda _logger, _method, event: {**event, "process": process},
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One write for a line and its end: consumers share one stderr, and two writes of two processes may interleave.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    others = logging.StreamHandler(sys.stderr)
    others.addFilter(_may_be_told)
    others.setFormatter(
        _TextlessJsonFormatter(process) if as_json else _TextlessFormatter("%(levelname)s %(name)s %(message)s")
    )
    logging.basicConfig(level=logging.WARNING, handlers=[others])
    logging.captureWarnings(True)
    # Python's own would print the text of what nobody caught.
    sys.excepthook = _on_uncaught
    threading.excepthook = _on_uncaught_in_thread
    for name in _QUIET:
        # Third-party loggers print exception texts, which may quote what they were given.
        logging.getLogger(name).setLevel(logging.CRITICAL)
