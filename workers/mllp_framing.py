"""MLLP framing (HL7 v2 transport, release 1): VT, a message, FS, CR. Bytes in any portions, frames out.

A missing CR is tolerated, white space between frames ignored. Whatever else stands outside a frame is given out as
noise: most often a whole message that somebody sends without framing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

START, END, RETURN = b"\x0b", b"\x1c", b"\r"
_BETWEEN = b"\r\n\t \0"
KEPT_OF_TOO_LONG = 65_536


class Condition(Enum):
    """What is known of a frame."""

    WHOLE = auto()
    CUT = auto()  # another frame began before this one ended
    TOO_LONG = auto()  # its beginning only
    NOISE = auto()  # outside of any frame


@dataclass(frozen=True, slots=True)
class Frame:
    body: bytes
    condition: Condition


class FrameDecoder:
    """One connection's bytes; holds at most one message and one portion of them. After NOISE it is of no more use."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._scanned = 0
        self._beginning = b""  # of a message that is too long already; the rest is dropped as it comes
        self.inside = False
        self.begun = 0  # frames whose first byte has come

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        self._buffer += data
        frames: list[Frame] = []
        while self._step(frames):
            continue
        return frames

    def _step(self, frames: list[Frame]) -> bool:
        """False when more bytes are needed."""
        return self._end_frame(frames) if self.inside else self._begin_frame(frames)

    def _begin_frame(self, frames: list[Frame]) -> bool:
        start = self._buffer.find(START)
        outside = bytes(self._buffer if start < 0 else self._buffer[:start])
        if outside.strip(_BETWEEN):
            frames.append(Frame(outside, Condition.NOISE))
        if start < 0:
            self._buffer.clear()
            return False
        self._drop(start + 1)
        self.inside = True
        self.begun += 1
        return True

    def _end_frame(self, frames: list[Frame]) -> bool:
        end = self._buffer.find(END, self._scanned)
        restart = self._buffer.find(START, self._scanned, end if end >= 0 else len(self._buffer))
        if restart >= 0:
            self._give(frames, restart, Condition.CUT)
            self.inside = True
            self.begun += 1
            return True
        if end >= 0:
            self._give(frames, end, Condition.WHOLE)
            return True
        self._scanned = len(self._buffer)
        if self._scanned > self._max_bytes:
            self._beginning = self._beginning or self._kept()
            self._drop(self._scanned)
        return False

    def _give(self, frames: list[Frame], length: int, condition: Condition) -> None:
        if self._beginning or length > self._max_bytes:
            frames.append(Frame(self._beginning or self._kept(), Condition.TOO_LONG))
        else:
            frames.append(Frame(bytes(self._buffer[:length]), condition))
        self._beginning = b""
        self._drop(length + 1)
        self.inside = False

    def _kept(self) -> bytes:
        return bytes(self._buffer[: min(KEPT_OF_TOO_LONG, self._max_bytes)])

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._scanned = 0


def framed(message: bytes) -> bytes:
    """A message as it goes over the wire."""
    return START + message + END + RETURN
