"""Gives back what importing crewai leaves behind: a process about to fork calls this once, after its imports.

About 60 MB where Python had to compile what it imported, a few where compiled modules were kept (crewai 1.15.30, with
a catalogue of SaaS connectors that nothing reads after the import).
"""

from __future__ import annotations

import ctypes
import gc
import sys

from crewai_core.platform_catalog import PLATFORM_CATALOG


def trim() -> None:
    """Empty the catalogue and return freed memory to the system (glibc only; elsewhere it stays with the process)."""
    PLATFORM_CATALOG.clear()
    gc.collect()
    if sys.platform == "linux":
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if malloc_trim:
            malloc_trim(0)
