"""The HTTP side: all wiring happens in `create_app`. Run it with `python -m api.main`."""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from api import documentation, errors
from api.answer_headers import AnswerHeaders
from api.chat.service import Chat
from api.dependencies import Parts
from api.request_rates import RateLimits
from api.routers import alerts, evidence, health, ingestion, patients, rejected, reviews, sources, tasks, uploads
from api.routers import chat as chat_routers
from api.routers import conversations as conversation_routers
from api.routers import domains as domain_routers
from api.routers import models as model_routers
from api.routers import openai as openai_routers
from api.routers import usage as usage_routers
from api.routers import webhook as webhook_routers
from api.serving import serve
from api.submission import Submission
from api.watching import Watcher
from handlers.configured import configured_domains
from handlers.registry import load_readbacks, load_readers
from shared.clinical.table_files import InvalidTables
from shared.database import Database
from shared.domain import Domain
from shared.fhir.readback import Readback
from shared.files.store import FileStore
from shared.llm.assembly import open_gateway
from shared.llm.catalogue import Catalogue, CatalogueInvalid, load_catalogue
from shared.llm.providers import preload_behind
from shared.logging import configure_logging
from shared.notifications.receivers import Receivers, ReceiversUnreadable, load_receivers
from shared.privacy.blind_index import BlindIndexes
from shared.settings import Settings, settings_of_program
from shared.version import VERSION


class _Application(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """As FastAPI's, inside ours: what `add_middleware` adds is not passed by answers to unforeseen exceptions."""
        return AnswerHeaders(super().build_middleware_stack(), f"{documentation.ASSETS}/")


def create_app(config: Settings) -> FastAPI:
    """The application of one process. Connections are made when it starts, not here."""
    catalogue = load_catalogue(config.model)
    receivers = load_receivers(config.notifications.contacts_file)
    found = configured_domains(config.domains)
    packages = config.domains.domain_packages
    readbacks = {key: load_readbacks(domain, packages) for key, domain in found.items()}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _opened(config, found, readbacks, receivers, catalogue) as app.state.parts:
            yield

    app = _Application(
        title="Plantão",
        version=VERSION,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    _include_routers(app, config, found)
    if config.api.api_docs:
        documentation.install(app, config.domains, found)
    return app


@asynccontextmanager
async def _opened(
    config: Settings,
    found: dict[str, Domain],
    readbacks: dict[str, dict[str, Readback]],
    receivers: Receivers,
    catalogue: Catalogue,
) -> AsyncIterator[Parts]:
    """Everything that has connections or threads, for as long as the process serves."""
    platform = config.platform
    database = Database(platform.database_url.get_secret_value(), platform.database_pool_size)
    watcher = Watcher(database)
    submission = Submission(config, database, found)
    files = FileStore(config.files.files_dir)
    blind = BlindIndexes(config.privacy.blind_index_key.get_secret_value())
    gateway = open_gateway(config, database, catalogue)
    rates = RateLimits(database, config.api)
    chat = Chat(config, database, gateway, files)
    chat.start()
    parts = Parts(
        config,
        found,
        database,
        submission,
        watcher,
        files,
        blind,
        readbacks,
        gateway,
        receivers,
        chat,
        catalogue,
        rates,
        asyncio.get_running_loop().create_future(),
    )
    # What start-up made stays for good: the collector need not walk it again and again under load.
    gc.collect()
    gc.freeze()
    preload_behind(catalogue.deployments.values())
    yield parts
    await watcher.close()
    await chat.close()
    await gateway.close()
    await submission.close()
    rates.close()
    database.close()


def _include_routers(app: FastAPI, config: Settings, found: dict[str, Domain]) -> None:
    for key, domain in found.items():
        prefix = config.domains.of(key).prefix or f"/api/{key}"
        domain_routers.install(app, domain, prefix, load_readers(domain, config.domains.domain_packages))
    for router in (
        tasks.router,
        reviews.router,
        alerts.router,
        evidence.router,
        sources.router,
        patients.router,
        rejected.router,
        uploads.router,
        health.router,
        model_routers.router,
        usage_routers.router,
        conversation_routers.router,
        chat_routers.router,
        openai_routers.router_for(found, config.domains),
    ):
        app.include_router(router)
    if "ingestao" in found:
        app.include_router(ingestion.router, prefix=config.domains.of("ingestao").prefix or "/api/ingestao")
    if "conversas" in found:
        app.include_router(webhook_routers.router)


def main() -> None:
    """Serve until told to stop."""
    argparse.ArgumentParser(
        prog="python -m api.main",
        description="Plantão: HTTP API (settings: .env.example)",
        epilog="Exit codes: 0 stopped, 1 a setting or file refused, 2 wrong usage, 3 cannot listen.",
    ).parse_args()
    config = settings_of_program()
    configure_logging(config.platform, "api")
    try:
        app = create_app(config)
    except (InvalidTables, CatalogueInvalid, ReceiversUnreadable) as invalid:
        raise SystemExit(str(invalid)) from None
    serving = uvicorn.Config(
        app,
        host=config.api.api_host,
        port=config.api.api_port,
        access_log=False,
        log_level="warning",
        log_config=None,  # uvicorn's own would print the text of exceptions
        timeout_graceful_shutdown=5,
        server_header=False,
        proxy_headers=False,
    )
    serve(app, serving)


if __name__ == "__main__":
    main()
