"""One MLLP connection: frames in, one answer each, in order."""

from __future__ import annotations

import asyncio
import time

import structlog

from shared.errors import ServiceUnavailable
from shared.hl7.problems import Fault
from shared.settings import MllpSettings
from workers import mllp_metrics
from workers.mllp_framing import Condition, Frame, FrameDecoder, framed
from workers.mllp_intake import Intake

_log = structlog.get_logger(__name__)
_CHUNK = 65_536
_UNUSABLE = {
    Condition.CUT: (Fault.SEGMENTO_TRUNCADO, "a mensagem foi cortada: outra começou antes do fim (FS)"),
    Condition.TOO_LONG: (Fault.MENSAGEM_GRANDE, "mensagem acima do limite (MLLP_MAX_BYTES); só o começo foi guardado"),
    Condition.NOISE: (Fault.SEM_MOLDURA, "bytes fora da moldura MLLP: envie VT, a mensagem, FS e CR"),
}

# What follows would be answered too, and a sender that counts answers would take one for that of its next message.
_OUT_OF_STEP = {Condition.CUT: "frame_cut", Condition.NOISE: "no_framing"}


class Session:
    """Serves until the sender leaves, is silent or slow for too long, or the server drains."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, intake: Intake, settings: MllpSettings
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._intake = intake
        self._settings = settings
        self._decoder = FrameDecoder(settings.mllp_max_bytes)
        self._timed_frame = 0
        self._frame_ends = 0.0
        self.busy = False  # a message is being worked on: let it end before the connection is cut
        self.stopping = False

    async def run(self) -> str:
        """Why it ended: a constant name for the log."""
        try:
            while not self.stopping:
                data = await self._read()
                if not data:
                    return "sender_left"
                for frame in self._decoder.feed(data):
                    reason = await self._serve(frame)
                    if reason or self.stopping:
                        return reason or "draining"
        except TimeoutError:
            return "too_slow" if self._decoder.inside else "idle"
        except OSError:
            return "connection_lost"
        except ServiceUnavailable:
            # No answer at all: senders repeat what nobody answered, but many take an AE as the end of the matter.
            return "store_unavailable"
        except Exception as error:  # noqa: BLE001 - one sender's trouble must not end the listener
            _log.error("mllp_session_failed", exc_info=error)
            return "failed"
        return "draining"

    async def _read(self) -> bytes:
        """Raises TimeoutError: without any frame after the idle time, within one after the frame's own time."""
        if not self._decoder.inside:
            allowed = self._settings.mllp_idle_s
        else:
            if self._timed_frame != self._decoder.begun:
                self._timed_frame = self._decoder.begun
                self._frame_ends = time.monotonic() + self._settings.mllp_frame_s
            allowed = self._frame_ends - time.monotonic()
        async with asyncio.timeout(max(0.0, allowed)):
            return await self._reader.read(_CHUNK)

    async def _serve(self, frame: Frame) -> str:
        """Empty while the connection can go on."""
        self.busy = True
        try:
            with mllp_metrics.ANSWER_SECONDS.time():
                answer = await self._answer(frame)
            if answer:
                self._writer.write(framed(answer))
                async with asyncio.timeout(self._settings.mllp_frame_s):
                    await self._writer.drain()
        finally:
            self.busy = False
        return _OUT_OF_STEP.get(frame.condition, "")

    async def _answer(self, frame: Frame) -> bytes:
        if frame.condition is Condition.WHOLE:
            return await self._intake.answer(frame.body)
        return await self._intake.refuse(frame.body, *_UNUSABLE[frame.condition])
