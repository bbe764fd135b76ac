"""A model outside the house is refused unless the transfer was configured (LGPD art. 33)."""

from __future__ import annotations

import pytest

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.contract import ChatRequest
from shared.llm.gateway import LlmGateway
from shared.llm.interruption import Interruption
from shared.llm.residency import is_inside, refuse_foreign
from shared.settings import ModelSettings


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
    with pytest.raises(ModelRefused):
        refuse_foreign(url, transfer_allowed=False)
    refuse_foreign(url, transfer_allowed=True)


def test_a_name_that_does_not_resolve_may_later() -> None:
    with pytest.raises(ModelUnavailable):
        is_inside("http://nao-existe.invalid/v1")


def test_not_an_http_address() -> None:
    with pytest.raises(ModelRefused):
        is_inside("file:///etc/passwd")


def test_the_gateway_sends_nothing_outside() -> None:
    settings = ModelSettings(model_provider="openai_compatible", model_base_url="http://8.8.8.8/v1")
    with pytest.raises(ModelRefused, match="LGPD"):
        LlmGateway(settings).complete(
            ChatRequest([{"role": "user", "content": "x"}]), timeout=5, interruption=Interruption()
        )
