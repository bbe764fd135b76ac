"""Two houses: one over models that play a script, one over the real gateway and a real provider's protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from llmock.pytest_plugin import LLMock
from llmock.testing import LLMockServer

from tests.databases import sqlite_database
from tests.integration.openai.surface import Scripted, listening, models_file, pieces, reply


@pytest.fixture(scope="module")
def _scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Scripted]]:
    folder = tmp_path_factory.mktemp("scripted")
    url = sqlite_database(folder / "plantao.db")
    gateway = Scripted()
    with listening(gateway, DATABASE_URL=url, FILES_DIR=str(folder / "files")) as base:
        yield base, gateway


@pytest.fixture
def model(_scripted: tuple[str, Scripted]) -> Scripted:
    """What the models say; a plain greeting until told otherwise."""
    _scripted[1].answers(*pieces(reply()))
    return _scripted[1]


@pytest.fixture
def base_url(_scripted: tuple[str, Scripted], model: Scripted) -> str:
    return _scripted[0]


@pytest.fixture
def provider(llmock_server: LLMockServer) -> LLMock:
    """llmock, clean; the environment is left alone: every client here is told its address."""
    return LLMock(llmock_server).reset().tool_mode("off")


@pytest.fixture(scope="module")
def _house(tmp_path_factory: pytest.TempPathFactory, llmock_server: LLMockServer) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("house")
    url = sqlite_database(folder / "plantao.db")
    address = llmock_server.base_url("openai")
    models = models_file(folder, address, address)
    with listening(DATABASE_URL=url, FILES_DIR=str(folder / "files"), MODELS_FILE=models) as base:
        yield base


@pytest.fixture
def house_url(_house: str, provider: LLMock) -> str:
    """`/v1` over the real gateway and llmock."""
    return _house
