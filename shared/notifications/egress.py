"""Where callbacks may go (ASVS 5.0 SSRF; OWASP API7): decided on the resolved address, then pinned.

Hospital systems live on private networks, so private addresses are allowed by an explicit list of host, port and
scheme. What is in `_NEVER` stays refused whatever the list says; the host itself can be listed in development only.
`ipaddress.is_global` alone is not enough: it is true of `64:ff9b::a00:1`, `2002:a00:1::` and `fec0::1`.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]
Scheme = Literal["http", "https"]

_LOOPBACK = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))
_NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network, unspecified
            "169.254.0.0/16",  # link-local, and with it most clouds' metadata
            "100.100.100.200/32",  # metadata (Alibaba)
            "168.63.129.16/32",  # metadata (Azure)
            "192.0.0.0/24",  # protocol assignments, metadata (Oracle)
            "192.88.99.0/24",  # 6to4 relays
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            "::/96",  # unspecified, and the old v4-compatible form
            "64:ff9b::/96",  # NAT64
            "64:ff9b:1::/48",  # NAT64, local use
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
            "fd00:ec2::254/128",  # metadata (AWS)
            "fe80::/10",  # link-local
            "fec0::/10",  # site-local, deprecated
            "ff00::/8",  # multicast
        ),
    )
)
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.I)


class EgressRefused(Exception):
    """The address is not one that a callback may reach. `reason` names no value of a message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Allowance(BaseModel):
    """One private receiver: an address, a network (CIDR) or a name, with its ports and schemes."""

    model_config = ConfigDict(extra="forbid")

    host: str
    ports: list[int] = Field(min_length=1)
    schemes: list[Scheme] = Field(["https"], min_length=1)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if any(not 0 < port < 65536 for port in self.ports):
            raise ValueError("ports are numbers from 1 to 65535")
        network = self.network
        if network is None:
            check_host(self.host)
        elif _forbidden(network):
            raise ValueError("this network can never be allowed (link-local, metadata, multicast, translated)")
        return self

    @property
    def network(self) -> Network | None:
        """None where `host` is a name."""
        try:
            return ip_network(self.host)
        except ValueError:
            return None

    @property
    def is_loopback(self) -> bool:
        network = self.network
        if network is None:
            return self.host.lower().rstrip(".") == "localhost"
        return any(network.version == own.version and network.overlaps(own) for own in _LOOPBACK)

    def covers(self, host: str, address: Address, port: int, scheme: str) -> bool:
        if port not in self.ports or scheme not in self.schemes:
            return False
        network = self.network
        if network is None:
            return host.lower() == self.host.lower() and (not _within(address, _LOOPBACK) or self.is_loopback)
        return address in network


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver as its registered URL names it."""

    scheme: str
    host: str
    port: int


def check_host(host: str) -> None:
    """An address in its usual form, or a name that nobody takes for a number. Raises EgressRefused."""
    try:
        ip_address(host)
    except ValueError:
        if not _NAME.fullmatch(host.rstrip(".")):
            raise EgressRefused("host is neither an address in its usual form nor a name") from None


class Egress:
    """The rules of one process. `own` are our broker, database and cache: never a receiver."""

    def __init__(self, allowed: Iterable[Allowance], own: Iterable[tuple[str, int]], resolve: Resolve | None = None):
        self._allowed = tuple(allowed)
        self._own = frozenset(own)
        self._resolve = resolve or resolved

    async def pin(self, target: Target) -> str:
        """The one address to connect to; every address of the name must pass. Raises EgressRefused."""
        check_host(target.host)
        addresses = [_unwrapped(text) for text in await self._resolve(target.host, target.port)]
        if not addresses:
            raise EgressRefused("the name has no address")
        ours = await self._own_addresses(target.port)
        for address in addresses:
            if address in ours:
                raise EgressRefused("a service of our own")
            self._check(target, address)
        return str(addresses[0])

    def _check(self, target: Target, address: Address) -> None:
        here = _within(address, _LOOPBACK)
        if not here and _within(address, _NEVER):
            raise EgressRefused("an address that is never a receiver")
        if any(entry.covers(target.host, address, target.port, target.scheme) for entry in self._allowed):
            return
        if here or not address.is_global:
            raise EgressRefused("a private address, port or scheme that egress does not list")
        if target.scheme != "https":
            raise EgressRefused("outside the house only https")

    async def _own_addresses(self, port: int) -> set[Address]:
        names = [host for host, own_port in self._own if own_port == port]
        return {_unwrapped(text) for name in names for text in await self._resolve(name, port)}


async def resolved(host: str, port: int) -> list[str]:
    """Every address of a name, as the system knows them. Raises EgressRefused when it knows none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise EgressRefused("the name cannot be resolved") from None
    return [str(entry[4][0]) for entry in found]


def _forbidden(network: Network) -> bool:
    if _within(network[0], _LOOPBACK) and _within(network[-1], _LOOPBACK):
        return False  # whether the host itself may be listed is for the environment to say
    return any(network.version == never.version and network.overlaps(never) for never in _NEVER)


def _unwrapped(text: str) -> Address:
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
