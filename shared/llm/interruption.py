"""One switch per run that stops whatever model call the run is waiting for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from shared.llm.contract import Interrupted


class Interruption:
    """Thread-safe and one-way: once fired, every present and later call raises `Interrupted`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fired = False
        self._waiting: set[Future[Any]] = set()

    @property
    def fired(self) -> bool:
        return self._fired

    def fire(self) -> None:
        """Cancel every call in flight. May be called from any thread, any number of times."""
        with self._lock:
            self._fired = True
            waiting = tuple(self._waiting)
        for future in waiting:
            future.cancel()

    def check(self) -> None:
        """Raise `Interrupted` when already fired."""
        if self._fired:
            raise Interrupted

    @contextmanager
    def watching(self, future: Future[Any]) -> Iterator[None]:
        """Cancel `future` if the run is interrupted inside the block."""
        with self._lock:
            fired = self._fired
            self._waiting.add(future)
        if fired:
            future.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.discard(future)
