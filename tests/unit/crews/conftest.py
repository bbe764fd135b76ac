"""A run that records, a provider that can fail, a gateway onto it, and the hemogram's crew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handlers.crew_runtime.common_tools import COMMON_TOOLS
from handlers.crew_runtime.loader import load_crews
from handlers.crew_runtime.spec import CrewSpec
from shared.llm.blocking import BlockingGateway
from shared.settings import ModelSettings
from tests.llmock.server import MockProvider, running
from tests.unit.crews.support import EXAMES, RecordingRun, gateway_onto, settings_for


@pytest.fixture(scope="session")
def hemogram_crew() -> CrewSpec:
    return load_crews(EXAMES, COMMON_TOOLS)["hemograma"]


@pytest.fixture
def run() -> RecordingRun:
    return RecordingRun()


@pytest.fixture
def provider() -> MockProvider:
    return MockProvider()


@pytest.fixture
def gateway(provider: MockProvider) -> Iterator[BlockingGateway]:
    with running(provider) as base_url, gateway_onto(settings_for(base_url)) as gateway:
        yield gateway


@pytest.fixture
def offline() -> Iterator[BlockingGateway]:
    with gateway_onto(ModelSettings()) as gateway:
        yield gateway
