"""A model outside the house is refused unless the transfer was configured (LGPD art. 33)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.catalogue import Deployment
from shared.llm.errors import TransferRefused
from shared.llm.residency import address_of, deployment_is_inside, is_inside, refuse_foreign


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/v1", "http://localhost/v1", "https://10.2.3.4", "http://192.168.0.9", "http://[::1]:1/v1",
     "http://172.31.255.1", "http://[fd00::1]", "http://[::ffff:10.0.0.1]"],
)  # fmt: skip
def test_inside(url: str) -> None:
    assert is_inside(url)


@pytest.mark.parametrize(
    "url",
    ["https://8.8.8.8/v1", "http://172.32.0.1", "http://169.254.169.254/v1", "http://[2001:4860:4860::8888]/v1",
     "http://[::ffff:8.8.8.8]", "http://0.0.0.0/", "http://134744072/v1"],
)  # fmt: skip
def test_outside(url: str) -> None:
    assert not is_inside(url)
    deployment = Deployment(provider="openai_compatible", model="m", base_url=url)
    with pytest.raises(TransferRefused, match="LGPD"):
        refuse_foreign(deployment, transfer_allowed=False)
    assert refuse_foreign(deployment, transfer_allowed=True) is False


def test_a_name_that_does_not_resolve_may_later() -> None:
    with pytest.raises(ModelUnavailable):
        is_inside("http://nao-existe.invalid/v1")


def test_not_an_http_address() -> None:
    with pytest.raises(ModelRefused):
        is_inside("file:///etc/passwd")


@pytest.mark.parametrize(
    ("provider", "base_url", "inside"),
    [("offline", None, True), ("openai", None, False), ("gemini", None, False), ("openai", "http://10.0.0.5/v1", True),
     ("anthropic", "http://127.0.0.1:1", True), ("ollama", "https://8.8.8.8", False)],
)  # fmt: skip
def test_of_a_deployment(provider: Any, base_url: str | None, inside: bool) -> None:
    assert deployment_is_inside(Deployment(provider=provider, model="m", base_url=base_url)) is inside


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "mistral"])
def test_every_hosted_providers_own_address_is_https(provider: Any) -> None:
    assert address_of(Deployment(provider=provider, model="m")).startswith("https://")
