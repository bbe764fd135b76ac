"""One HTTP transport into the house, made of several small connection pools.

httpcore looks at every connection of a pool for every request and every answer, sockets included. With 64 crews in
flight that cost more than the requests themselves; small pools keep the walk short.
"""

from __future__ import annotations

import ssl
from itertools import cycle

import httpx

from shared.llm.wire.inside_only import stay_inside

_SHARDS = 16
# Well under the five seconds after which uvicorn, and with it vLLM, closes a connection: a request that goes out on it
# just then fails.
_KEPT_S = 3.0


class ShardedTransport(httpx.AsyncBaseTransport):
    """Takes its pools in turn; `max_connections` is shared out among them."""

    def __init__(self, max_connections: int, tls: ssl.SSLContext) -> None:
        each = max(1, max_connections // _SHARDS)
        limits = httpx.Limits(max_connections=each, max_keepalive_connections=each, keepalive_expiry=_KEPT_S)
        self._pools = [
            stay_inside(httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False)) for _ in range(_SHARDS)
        ]
        self._turn = cycle(self._pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await next(self._turn).handle_async_request(request)

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()
