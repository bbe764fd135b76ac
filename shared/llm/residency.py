"""Where a model may live. Outside the house, patient data would cross a border (LGPD art. 33)."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.catalogue import Deployment
from shared.llm.errors import TransferRefused

# Not `is_private`: it also covers documentation and link-local ranges, where cloud metadata answers.
_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
_HOSTED = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
    "mistral": "https://api.mistral.ai/v1",
}


def address_of(deployment: Deployment) -> str:
    """Its base URL: its own, or else the provider's. Raises `ModelRefused` where there is neither."""
    address = deployment.base_url or _HOSTED.get(deployment.provider)
    if address is None:
        raise ModelRefused(f"base_url não configurada para o provedor {deployment.provider}")
    return address


def deployment_is_inside(deployment: Deployment) -> bool:
    """True for a model in the process or at an address of the house; may resolve a name, so keep it off the loop.

    Raises as `is_inside`.
    """
    if deployment.provider == "offline":
        return True
    return deployment.base_url is not None and is_inside(deployment.base_url)


def refuse_foreign(deployment: Deployment, *, transfer_allowed: bool) -> bool:
    """Whether it is inside, as `deployment_is_inside`; one outside only where the transfer was configured.

    Raises `TransferRefused` where it was not.
    """
    inside = deployment_is_inside(deployment)
    if not inside and not transfer_allowed:
        raise TransferRefused("modelo fora da instituição sem TRANSFERENCIA_INTERNACIONAL (LGPD art. 33)")
    return inside


def is_inside(base_url: str) -> bool:
    """True when every address of the URL's host is loopback or private.

    Raises `ModelRefused` for a URL without a host and `ModelUnavailable` when the name does not resolve.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ModelRefused("o endereço do modelo não é http(s)")
    return all(is_address_inside(address) for address in _addresses(parts.hostname))


def _addresses(host: str) -> set[str]:
    unreachable = ModelUnavailable("o nome do servidor do modelo não resolve")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    if not found:
        raise unreachable
    return {str(entry[4][0]) for entry in found}


def is_address_inside(text: str) -> bool:
    """Of an IP address as text; an IPv6 one may name its zone."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in _INSIDE)
