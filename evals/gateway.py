"""The gateway that an evaluation asks: the configured models, an empty ledger of its own, nothing kept afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.database import Database, metadata
from shared.llm import schema
from shared.llm.assembly import open_gateway
from shared.llm.backoff import Backoff
from shared.llm.blocking import BlockingGateway
from shared.llm.catalogue import Catalogue, Policy, Prices
from shared.settings import Settings

_TABLES = [schema.attempts, schema.budgets, schema.breakers, schema.cache]
_JUDGED = "avaliada"


class NotInCatalogue(Exception):
    """The text names what was asked for and what there is."""


def judged(catalogue: Catalogue, policy: str | None, prices: Prices | None) -> Catalogue:
    """The same models with `policy` (or one deployment) as what every crew asks, at `prices` where they are given.

    Budgets are left out: an evaluation is somebody's decision to spend.
    """
    chosen: Policy | None = catalogue.chosen(policy)
    if chosen is None:
        names = ", ".join((*catalogue.policies, *catalogue.deployments))
        raise NotInCatalogue(f"--policy: {policy!r} is neither a policy nor a deployment; there are: {names}")
    deployments = {name: catalogue.deployments[name] for name in chosen.deployments}
    if prices is not None:
        deployments = {name: one.model_copy(update={"prices": prices}) for name, one in deployments.items()}
    return Catalogue(deployments=deployments, policies={_JUDGED: chosen}, default=_JUDGED, breaker=catalogue.breaker)


@contextmanager
def scratch_gateway(
    config: Settings, catalogue: Catalogue, backoff: Backoff | None = None
) -> Iterator[BlockingGateway]:
    """A whole gateway over a SQLite file that is gone when the block ends."""
    with TemporaryDirectory(prefix="plantao-evals-") as folder:
        database = scratch_store(Path(folder) / "ledger.db")
        gateway = BlockingGateway(lambda: open_gateway(config, database, catalogue, backoff=backoff))
        try:
            yield gateway
        finally:
            gateway.close()
            database.close()


def scratch_store(file: Path) -> Database:
    """A store that holds the gateway's tables and nothing else."""
    database = Database(f"sqlite:///{file}")
    metadata.create_all(database.engine, tables=_TABLES)
    return database
