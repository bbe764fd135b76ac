"""The server of one API process, which ends long answers before it waits for connections to end."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from api.dependencies import Parts

_STARTUP_FAILURE = 3  # uvicorn's own exit code


class DrainingServer(uvicorn.Server):
    """Told to stop, uvicorn waits for open responses before the application hears of it; a chat may last minutes."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, after every answer in generation was interrupted: its readers are told so."""
        parts: Parts = self._app.state.parts
        parts.chat.drain()
        if not parts.stopping.done():
            parts.stopping.set_result(None)
        await super().shutdown(sockets)


def serve(app: FastAPI, config: uvicorn.Config) -> None:
    """Serve until told to stop. Exits with 3 when the application cannot start."""
    server = DrainingServer(app, config)
    server.run()
    if not server.started:
        raise SystemExit(_STARTUP_FAILURE)
