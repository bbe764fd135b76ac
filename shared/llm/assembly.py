"""Where a gateway is put together: the catalogue, the providers' clients, the store's part and the privacy door."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from shared.database import Database
from shared.group_commit import GroupCommit
from shared.llm.accounts import StoreAccounts
from shared.llm.backoff import Backoff
from shared.llm.breakers import StoreBreakers, change
from shared.llm.cache import NoCache, StoreReplyCache, keep
from shared.llm.catalogue import Catalogue, Deployment, load_catalogue
from shared.llm.client_pool import ClientPool
from shared.llm.course import Surroundings
from shared.llm.gateway import Gateway
from shared.llm.ledger import book
from shared.llm.ports import ModelClient, ReplyCache
from shared.llm.privacy_door import PrivacyDoor
from shared.llm.providers import create_client
from shared.llm.residences import Residences
from shared.llm.residency import deployment_is_inside
from shared.settings import Settings


def open_gateway(
    config: Settings,
    database: Database,
    catalogue: Catalogue | None = None,
    *,
    backoff: Backoff | None = None,
    owns_database: bool = False,
) -> Gateway:
    """A gateway over `database` and the models of the settings, or of `catalogue`. Call it after the fork.

    Nothing is asked and no provider's package is imported before the first call. `owns_database`: it is closed with
    the gateway. Raises `CatalogueInvalid`.
    """
    catalogue = catalogue or load_catalogue(config.model)
    transfer_allowed = config.model.transferencia_internacional

    def create(deployment: Deployment, inside: bool) -> ModelClient:
        return create_client(deployment, transfer_allowed=transfer_allowed, inside=inside)

    def close() -> None:
        commits.close()
        if owns_database:
            database.close()

    commits = GroupCommit(database, (book, change, keep))
    around = Surroundings(
        clients=ClientPool(create),
        accounts=StoreAccounts(commits, catalogue, ZoneInfo(config.platform.hospital_timezone)),
        breakers=StoreBreakers(commits, database, catalogue.breaker),
        door=lambda context: PrivacyDoor(context.identifiers),
        backoff=backoff or Backoff(),
    )
    return Gateway(
        catalogue,
        around,
        Residences(deployment_is_inside),
        _cache(config, commits, database, catalogue),
        transfer_allowed=transfer_allowed,
        max_prompt_chars=config.model.model_max_prompt_chars,
        at_close=close,
    )


def _cache(config: Settings, commits: GroupCommit, database: Database, catalogue: Catalogue) -> ReplyCache:
    if not catalogue.cache_s:
        return NoCache()
    return StoreReplyCache(commits, database, catalogue, config.privacy.blind_index_key.get_secret_value())
