"""The garbage collector looks less often while a file is loaded.

Rows are made and dropped by the hundred thousand and hold no cycles; walking them again and again took half of a load's
time. It is only rarer: whatever else the process does is still collected.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 1_000_000  # more than the chunks in hand hold
_lock = threading.Lock()
_loads: list[tuple[int, int, int]] = []  # the threshold as each load found it; the first one's is the process's own


@contextmanager
def rare_collection() -> Iterator[None]:
    """For the length of the block; loads may overlap."""
    with _lock:
        usual = gc.get_threshold()
        _loads.append(usual)
        gc.set_threshold(_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        with _lock:
            first = _loads[0]
            _loads.pop()
            if not _loads:
                gc.set_threshold(*first)
