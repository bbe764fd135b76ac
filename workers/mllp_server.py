"""The MLLP listener: who may connect, how many at once, and how it stops."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from errno import ENOENT
from ipaddress import ip_address
from pathlib import Path

import structlog

from shared.settings import MllpSettings
from workers import mllp_metrics
from workers.mllp_intake import Intake
from workers.mllp_session import Session

_log = structlog.get_logger(__name__)
_CLOSE_S = 2.0


class MllpServer:
    """Belongs to one asyncio loop."""

    def __init__(self, settings: MllpSettings, intake: Intake) -> None:
        self._settings = settings
        self._intake = intake
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens; of interest when the setting is 0."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        return len(self._sessions)

    async def start(self) -> None:
        """Raises OSError when the address is taken, or a certificate cannot be read."""
        self._server = await asyncio.start_server(
            self._on_connection, self._settings.mllp_host, self._settings.mllp_port, ssl=tls_context(self._settings)
        )

    async def stop(self) -> None:
        """No new connections; idle ones end at once, a message in hand gets its time and its answer."""
        assert self._server is not None
        self._server.close()
        for task, session in self._sessions.items():
            session.stopping = True
            if not session.busy:
                task.cancel()
        if self._sessions:
            await asyncio.wait(list(self._sessions), timeout=self._settings.mllp_drain_s)
        for task in list(self._sessions):
            task.cancel()
        if self._sessions:
            await asyncio.wait(list(self._sessions), timeout=_CLOSE_S)
        await self._server.wait_closed()

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        refusal = self._refusal(writer)
        if refusal:
            _refused(refusal)
            await _close(writer)
            return
        session = Session(reader, writer, self._intake, self._settings)
        self._sessions[task] = session
        mllp_metrics.CONNECTIONS.inc()
        reason = "draining"
        try:
            with suppress(asyncio.CancelledError):
                reason = await session.run()
        finally:
            _log.info("mllp_connection_ended", reason=reason)
            mllp_metrics.CONNECTIONS.dec()
            mllp_metrics.CONNECTIONS_ENDED.labels(reason).inc()
            self._sessions.pop(task, None)
            await _close(writer)

    def _refusal(self, writer: asyncio.StreamWriter) -> str:
        if len(self._sessions) >= self._settings.mllp_max_connections:
            return "too_many_connections"
        networks = self._settings.mllp_allowed_networks
        if not networks:
            return ""
        address = ip_address(writer.get_extra_info("peername")[0])
        return "" if any(address in network for network in networks) else "network_not_allowed"


def tls_context(settings: MllpSettings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer when a certificate is set; with a client authority, senders must show theirs.

    Raises OSError when a file is not there or is no certificate or key.
    """
    if settings.mllp_tls_cert is None:
        return None
    for name in ("mllp_tls_cert", "mllp_tls_key", "mllp_tls_client_ca"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            # What ssl itself raises does not say which of the three.
            raise FileNotFoundError(ENOENT, f"{name.upper()} names no file: {path}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _Handshake
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.mllp_tls_cert, settings.mllp_tls_key)
    if settings.mllp_tls_client_ca is not None:
        context.load_verify_locations(settings.mllp_tls_client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _Handshake(ssl.SSLObject):
    """Says that a handshake failed: asyncio closes such a connection without a word to anybody."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            _refused("tls_handshake_failed", detail=error.reason or "")
            raise


def _refused(reason: str, **more: str) -> None:
    _log.warning("mllp_connection_refused", reason=reason, **more)
    mllp_metrics.CONNECTIONS_REFUSED.labels(reason).inc()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await writer.wait_closed()
