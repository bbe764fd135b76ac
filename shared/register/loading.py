"""A whole file into the register, chunk by chunk, where it was left off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from shared.database import Database
from shared.errors import Interrupted, LeaseLost
from shared.execution import Run
from shared.privacy.blind_index import BlindIndex
from shared.register import ingestions
from shared.register.ahead import read_ahead
from shared.register.applying import apply
from shared.register.blocks import Blocking
from shared.register.figures import Figures
from shared.register.ingestions import FileKey, Opened, State
from shared.register.interpreter import tuned_for_loading
from shared.register.preparing import prepared
from shared.register.records import Chunk, Position

_log = structlog.get_logger(__name__)
AGENT = "carga"
_PROGRESS_EVERY_S = 1.0
_BUSY_POLL_S = 0.5

ReadFrom = Callable[[Position], Iterable[Chunk]]
"""The file's chunks from a position on. Runs on a thread of its own."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be loaded: `size` bytes under `key`, whose chunks `read` gives from a position on."""

    database: Database
    key: FileKey
    size: int
    read: ReadFrom
    blind: BlindIndex


@dataclass(frozen=True, slots=True)
class Outcome:
    """`known_before`: the file was finished before this attempt, which changed nothing."""

    figures: Figures
    known_before: bool


def load(given: Load, run: Run) -> Outcome:
    """Apply the file, or what an earlier attempt left of it.

    Raises what `run.check` raises, with all finished chunks applied; LeaseLost when another reader took over;
    StoreUnavailable.
    """
    opened = _opened(given, run)
    if opened.state is State.FINISHED:
        return Outcome(opened.figures, known_before=opened.first_task != run.task_id)
    try:
        figures = _apply_all(given, opened, run)
    except Interrupted:
        _leave(given.database, opened)
        raise
    _close(given.database, opened, State.FINISHED)
    return Outcome(figures, known_before=False)


def _opened(given: Load, run: Run) -> Opened:
    """Take the file, waiting while another task reads it: two readers would only wait for each other's rows."""
    while True:
        with given.database.write() as connection:
            opened = ingestions.open_file(connection, given.key, run.task_id)
        if opened.ready:
            return opened
        run.check()
        time.sleep(_BUSY_POLL_S)


def _apply_all(given: Load, opened: Opened, run: Run) -> Figures:
    figures, next_progress = opened.figures, 0.0
    blocking = Blocking(given.blind)
    with tuned_for_loading(), read_ahead(prepared(given.read(opened.position), given.blind)) as ready:
        for one in ready:
            run.check()
            figures = apply(given.database, opened, one, figures, blocking)
            if time.monotonic() >= next_progress:
                run.progress(one.chunk.end, given.size, AGENT)
                next_progress = time.monotonic() + _PROGRESS_EVERY_S
    run.progress(given.size, given.size, AGENT)
    return figures


def _leave(database: Database, opened: Opened) -> None:
    """Let the next attempt in at once; whoever took over already needs nothing."""
    try:
        _close(database, opened, State.INTERRUPTED)
    except LeaseLost:
        _log.info("ingestion_taken_over", reason="fence_lost")


def _close(database: Database, opened: Opened, state: State) -> None:
    with database.write() as connection:
        ingestions.close_file(connection, opened, state)
