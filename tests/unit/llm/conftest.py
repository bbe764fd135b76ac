"""A mock provider and gateways onto it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.llm.gateway import LlmGateway
from shared.settings import ModelSettings
from tests.llmock.server import MockProvider, running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between attempts are waited for, but short."""
    monkeypatch.setattr("shared.llm.gateway._BACKOFF_BASE_S", 0.001)


@pytest.fixture
def provider() -> MockProvider:
    return MockProvider()


@pytest.fixture
def make_gateway(provider: MockProvider) -> Iterator[Callable[..., LlmGateway]]:
    """`make_gateway(model_max_retries=2)`: a gateway onto the mock provider."""
    made: list[LlmGateway] = []
    with running(provider) as base_url:

        def make(**changes: Any) -> LlmGateway:
            values = {"model_base_url": base_url, "model_name": "llmock", "model_max_retries": 0, **changes}
            made.append(LlmGateway(ModelSettings(model_provider="openai_compatible", **values)))
            return made[-1]

        yield make
        for gateway in made:
            gateway.close()
