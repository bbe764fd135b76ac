"""HTTP clients of the gateway's own: no redirects, no timeouts, and inside the house no proxy.

Time is the engine's business; only connecting has a limit here, because nothing else notices a host that is gone.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import Any

import httpx

from shared.llm.wire.kept_connections import read_to_the_end
from shared.llm.wire.sending import note_sent
from shared.llm.wire.sharded_transport import ShardedTransport

CONNECT_TIMEOUT_S = 5.0
MAX_CONNECTIONS = 512


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """One for all: reading the authorities' certificates takes longer than everything else here."""
    return httpx.create_ssl_context()


def house_client(*, inside: bool, base_url: str = "", headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """Redirects stay off: one could lead out of the house. A model inside is reached without any proxy."""
    timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S)
    hooks: dict[str, list[Any]] = {"request": [note_sent], "response": [read_to_the_end]}
    if inside:
        transport = ShardedTransport(MAX_CONNECTIONS, tls_context())
        return httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=timeout, transport=transport,
            follow_redirects=False, trust_env=False, event_hooks=hooks,
        )  # fmt: skip
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=64)
    return httpx.AsyncClient(
        base_url=base_url, headers=headers, timeout=timeout, limits=limits, verify=tls_context(),
        follow_redirects=False, event_hooks=hooks,
    )  # fmt: skip


def unused_client() -> httpx.Client:
    """For libraries that make a blocking client whether anybody wants one or not, certificates and all."""
    return httpx.Client(verify=tls_context(), trust_env=False)
