"""A listener in the test's own loop, over a real store of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from dev.postgres_node import PostgresNode
from handlers.registry import load_domains, load_hl7
from shared.database import Database
from shared.hl7.routing import Routing
from shared.privacy.blind_index import BlindIndex
from shared.settings import MllpSettings
from tests.databases import postgres_database, sqlite_database
from tests.integration.mllp.sender import Sender
from tests.integration.store.conftest import emptied
from workers.mllp_intake import Intake
from workers.mllp_server import MllpServer

Start = Callable[..., Awaitable[MllpServer]]
Connect = Callable[[MllpServer], Awaitable[Sender]]


@pytest.fixture(scope="module")
def store_urls(postgres: PostgresNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    urls = {
        "sqlite": sqlite_database(tmp_path_factory.mktemp("mllp") / "plantao.db"),
        "postgresql": postgres_database(postgres, "mllp"),
    }
    yield urls
    postgres.drop_database("mllp")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, store_urls: dict[str, str]) -> str:
    return store_urls[request.param]


@pytest.fixture
def store(store_url: str) -> Iterator[Database]:
    """The test's own view of the store, empty at its start."""
    opened = Database(store_url)
    yield emptied(opened)
    opened.close()


@pytest.fixture(scope="session")
def routing() -> Routing:
    return load_hl7(load_domains(["handlers"]).values(), ["handlers"])


@pytest.fixture
async def start(store: Database, store_url: str, routing: Routing) -> AsyncIterator[Start]:
    """Start a listener with settings of the test's choice; it is stopped afterwards."""
    async with AsyncExitStack() as stack:

        async def started(**settings: object) -> MllpServer:
            own = Database(store_url)
            config = MllpSettings(_env_file=None, mllp_port=0, **settings)  # type: ignore[call-arg,arg-type]
            intake = Intake(own, routing, BlindIndex("key", "default"), config.mllp_allowed_senders)
            server = MllpServer(config, intake)
            await server.start()
            stack.callback(own.close)
            stack.push_async_callback(intake.close)
            stack.push_async_callback(server.stop)
            return server

        yield started


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect a sender; it is closed afterwards."""
    async with AsyncExitStack() as stack:

        async def connected(server: MllpServer) -> Sender:
            return await stack.enter_async_context(Sender(server.port))

        yield connected
