"""What a person sees while the local tools work: one line per step, with elapsed seconds. Standard library only."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

REDRAW_S = 0.5
PLAIN_HEARTBEAT_S = 15.0


class DevError(Exception):
    """A local tool cannot go on. The text says what happened and what to do next."""


class Step:
    """A running step. `say` changes the words behind it, from any thread."""

    def __init__(self, title: str, live: bool) -> None:
        self.title = title
        self.detail = ""
        self._live = live
        self._began = time.monotonic()
        self._done = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="step-progress", daemon=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def say(self, detail: str) -> None:
        self.detail = detail

    def begin(self) -> None:
        if not self._live:
            print(f"  … {self.title}", flush=True)
        self._ticker.start()

    def end(self, mark: str) -> None:
        self._done.set()
        self._ticker.join()
        detail = f": {self.detail}" if self.detail else ""
        clear = "\r\033[K" if self._live else ""
        print(f"{clear}  {mark} {self.title}{detail} ({self.seconds:.1f} s)", flush=True)

    def _tick(self) -> None:
        while not self._done.wait(REDRAW_S if self._live else PLAIN_HEARTBEAT_S):
            detail = f": {self.detail}" if self.detail else ""
            if self._live:
                print(f"\r\033[K  … {self.title}{detail} {self.seconds:.0f} s", end="", flush=True)
            else:
                print(f"  … {self.title}{detail}, still working after {self.seconds:.0f} s", flush=True)


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show one step while the block runs; ✓ when it ends, ✗ when it raises."""
    current = Step(title, live=sys.stdout.isatty())
    current.begin()
    try:
        yield current
    except BaseException:
        current.end("✗")
        raise
    current.end("✓")


def note(text: str) -> None:
    print(f"  · {text}", flush=True)


def failure(error: DevError) -> None:
    """Print a failure for people on standard error."""
    print(f"\n✗ {error}", file=sys.stderr, flush=True)
