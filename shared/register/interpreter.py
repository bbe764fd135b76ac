"""Two dials of the Python interpreter that a load turns, and turns back.

The garbage collector looks less often: rows are made and dropped by the hundred thousand and hold no cycles; walking
them again and again took half of a load's time. Whatever else the process does is still collected.

Threads take turns more often: after every wait for the store the applying thread stands in line behind the reading one,
for 5 ms as Python comes, forty times a chunk; that was longer than the store's own work.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 1_000_000  # more than the chunks in hand hold
_TURN_S = 0.0005
_lock = threading.Lock()
_loads: list[tuple[tuple[int, int, int], float]] = []  # as each load found them; the first one's are the process's own


@contextmanager
def tuned_for_loading() -> Iterator[None]:
    """For the length of the block; loads may overlap."""
    with _lock:
        threshold, turn = gc.get_threshold(), sys.getswitchinterval()
        _loads.append((threshold, turn))
        gc.set_threshold(_OBJECTS, *threshold[1:])
        sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        with _lock:
            threshold, turn = _loads[0]
            _loads.pop()
            if not _loads:
                gc.set_threshold(*threshold)
                sys.setswitchinterval(turn)
