"""Connections that end at an address of the house, or are not made.

A name that meant the house when a client was made may mean something else a minute later; what is asked inside is
asked with patients' names in it.
"""

from __future__ import annotations

from typing import Any

from shared.llm.errors import TransferRefused
from shared.llm.residency import is_address_inside


def stay_inside(transport: Any) -> Any:
    """The same HTTP transport (of httpx or httpx2), hanging up on any other host before a byte is sent to it."""
    pool = transport._pool
    pool._network_backend = _HouseNetwork(pool._network_backend)
    return transport


class _HouseNetwork:
    """httpcore's `AsyncNetworkBackend`, looked at where it connects."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.connect_unix_socket = network.connect_unix_socket
        self.sleep = network.sleep

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
        stream = await self._network.connect_tcp(*args, **kwargs)
        if not is_address_inside(stream.get_extra_info("server_addr")[0]):
            await stream.aclose()
            raise TransferRefused(
                "o nome do servidor do modelo passou a apontar para fora da instituição", kind="transfer"
            )
        return stream
