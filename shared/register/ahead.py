"""Reading the next chunk while the store works on this one: the interpreter is free while it waits for an answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_AHEAD = 2  # items read and not taken: with the one in hand, all that is in memory
_POLL_S = 0.2


@contextmanager
def read_ahead(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """`items`, drawn on a thread of its own that ends with the block. What drawing raises is raised to the taker."""
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(maxsize=_AHEAD)
    stopped = threading.Event()

    def hand_over(item: T | None, error: BaseException | None, last: bool) -> None:
        while not stopped.is_set():
            try:
                ready.put((item, error, last), timeout=_POLL_S)
                return
            except queue.Full:
                continue  # the taker is busy; look whether it is still there

    def draw() -> None:
        try:
            for item in items:
                hand_over(item, None, False)
                if stopped.is_set():
                    return
            hand_over(None, None, True)
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the taker
            hand_over(None, error, True)

    def taken() -> Iterator[T]:
        while True:
            item, error, last = ready.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=draw, name="read-ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        stopped.set()
        thread.join()
