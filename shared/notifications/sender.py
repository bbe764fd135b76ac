"""One signed POST to a registered endpoint (Standard Webhooks), and how it went.

Redirects, proxies of the environment, kept connections and the body of the answer are all none of our business.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from standardwebhooks import Webhook

from shared.clock import now
from shared.notifications.contacts import Endpoint
from shared.notifications.egress import Egress, EgressRefused, Target
from shared.notifications.outbox import Destination
from shared.version import VERSION

_GONE = 410
_PORTS = {"http": 80, "https": 443}
_NO_REUSE = httpx.Limits(max_keepalive_connections=0)
MAX_BODY_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """What to send: the receiver by its registered id. `id` is the same at every attempt.

    `url`: another address that this endpoint is registered for; any other is refused.
    """

    id: str
    endpoint: str
    body: bytes
    content_type: str = "application/json"
    url: str | None = None
    max_bytes: int = MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """`error` is a stable class of failure, None for any 2xx. `final`: no further attempt can succeed.

    `gone`: where the receiver has just said that it wants nothing more, ever.
    """

    status: int | None = None
    error: str | None = None
    final: bool = False
    gone: Destination | None = None
    duration_ms: int = 0


class Sender:
    """Belongs to one asyncio loop. `send` never raises: every outcome is an answer."""

    def __init__(self, endpoints: Mapping[str, Endpoint], egress: Egress, timeout_s: float) -> None:
        self._endpoints = endpoints
        self._egress = egress
        self._timeout_s = timeout_s
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def send(self, delivery: Delivery) -> Answer:
        """Resolve, check, connect to the checked address, post; all of it within the timeout."""
        began = time.monotonic()
        status, error = await self._attempt(delivery)
        gone = self.destination(delivery.endpoint, delivery.url) if status == _GONE else None
        return Answer(status, error, gone is not None, gone, round((time.monotonic() - began) * 1000))

    def destination(self, endpoint: str, url: str | None = None) -> Destination | None:
        """Where a delivery goes: to `url` or, without one, to the endpoint's own; None: no such endpoint."""
        found = self._endpoints.get(endpoint)
        return Destination(endpoint, url or found.url) if found else None

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def _attempt(self, delivery: Delivery) -> tuple[int | None, str | None]:
        endpoint = self._endpoints.get(delivery.endpoint)
        if endpoint is None:
            return None, "unknown_endpoint"
        if len(delivery.body) > delivery.max_bytes:
            return None, "body_too_large"
        if delivery.url is not None and not endpoint.address.covers(delivery.url):
            return None, "url_not_registered"
        try:
            async with asyncio.timeout(self._timeout_s):
                status = await self._post(endpoint, delivery)
        except EgressRefused:
            return None, "egress_refused"
        except (TimeoutError, httpx.TimeoutException):
            return None, "timeout"
        except ssl.SSLError:
            return None, "tls"
        except (httpx.HTTPError, OSError) as error:
            return None, type(error).__name__
        return status, None if 200 <= status < 300 else f"http_{status}"

    async def _post(self, endpoint: Endpoint, delivery: Delivery) -> int:
        target = delivery.url or endpoint.url
        parts = urlsplit(target)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        address = await self._egress.pin(Target(parts.scheme, host, port))
        # The name stays in Host and in TLS; the connection goes to the one address that was checked.
        url = httpx.URL(target).copy_with(host=address, port=port)
        request = self._client(delivery.endpoint, endpoint).build_request(
            "POST",
            url,
            content=delivery.body,
            headers=_headers(endpoint, delivery) | {"host": parts.netloc},
            extensions={"sni_hostname": host},
        )
        answer = await self._client(delivery.endpoint, endpoint).send(request, stream=True)
        await answer.aclose()
        return answer.status_code

    def _client(self, name: str, endpoint: Endpoint) -> httpx.AsyncClient:
        if name not in self._clients:
            self._clients[name] = httpx.AsyncClient(
                verify=ssl.create_default_context(cafile=str(endpoint.ca_file) if endpoint.ca_file else None),
                timeout=self._timeout_s,
                follow_redirects=False,
                trust_env=False,
                limits=_NO_REUSE,
            )
        return self._clients[name]


def _headers(endpoint: Endpoint, delivery: Delivery) -> dict[str, str]:
    moment = now()
    return {
        "content-type": delivery.content_type,
        "user-agent": f"Plantao/{VERSION}",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(endpoint.signing_secret()).sign(delivery.id, moment, delivery.body.decode()),
    }
