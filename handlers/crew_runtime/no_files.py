"""Switches off crewai's store of files for the whole process: no crew of ours has any.

Asking it takes an event loop of its own each time, nine per crew (crewai 1.15.30). Nothing can be put into it either.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TypeVar

from crewai.utilities import file_store

T = TypeVar("T")


def switch_off_files() -> None:
    """As if crewai's cache library were not installed, and without a loop for every question. Idempotent."""
    file_store._file_store = None
    file_store._run_sync = _at_once


def _at_once(coroutine: Coroutine[None, None, T]) -> T:
    """With no store behind it, each of that module's coroutines ends at its first step."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        answer: T = end.value
        return answer
    raise RuntimeError("crewai's file store is waiting for something: it was not switched off")
