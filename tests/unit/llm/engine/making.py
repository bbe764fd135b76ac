"""Gateways of a test: real clients, real HTTP, books in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from shared.llm.attempts import Door
from shared.llm.backoff import Backoff
from shared.llm.cache import NoCache
from shared.llm.catalogue import Catalogue, Deployment, Policy, Prices
from shared.llm.client_pool import ClientPool
from shared.llm.contract import CallContext, ChatRequest, Surface
from shared.llm.course import Surroundings
from shared.llm.gateway import Gateway
from shared.llm.ports import ModelClient
from shared.llm.providers import create_client
from shared.llm.residences import Residences
from shared.llm.residency import deployment_is_inside
from tests.unit.llm.engine.books import Books, OpenBreakers

QUICK = Backoff(base_s=0.01, cap_s=0.05, patience_s=0.5, last_patience_s=1.0)
PROMPT = "Quais são os valores de referência da hemoglobina em adultos?"
REQUEST = ChatRequest([{"role": "user", "content": PROMPT}])


def deployment(url: str, provider: str = "openai_compatible", **changes: Any) -> Deployment:
    """One that has a price, so that what is billed can be seen."""
    return Deployment.model_validate(
        {
            "provider": provider,
            "model": "modelo",
            "base_url": url,
            "api_key": SecretStr("chave-de-teste"),
            "prices": Prices(input=1, output=2),
            "max_output_tokens": 64,
            **changes,
        }
    )


def catalogue(retries: int, **deployments: Deployment) -> Catalogue:
    """One policy of all of them, in their order."""
    policy = Policy(deployments=tuple(deployments), retries=retries)
    return Catalogue(deployments=deployments, policies={"padrao": policy})


def context(**changes: Any) -> CallContext:
    return CallContext(**{"surface": Surface.CHAT, "deadline_s": 120.0, **changes})


def _no_door(_context: CallContext) -> Door:
    raise AssertionError("no deployment of this test is outside")


def make_gateway(
    models: Catalogue,
    *,
    books: Books | None = None,
    breakers: OpenBreakers | None = None,
    inside: Callable[[Deployment], bool] = deployment_is_inside,
    create: Callable[[Deployment, bool], ModelClient] | None = None,
    door: Callable[[CallContext], Door] = _no_door,
    backoff: Backoff = QUICK,
    transfer_allowed: bool = False,
    max_prompt_chars: int = 400_000,
) -> Gateway:
    """What `open_gateway` makes, but for the store."""
    real = lambda found, inside: create_client(found, transfer_allowed=True, inside=inside)  # noqa: E731
    around = Surroundings(ClientPool(create or real), books or Books(), breakers or OpenBreakers(), door, backoff)
    return Gateway(
        models,
        around,
        Residences(inside),
        NoCache(),
        transfer_allowed=transfer_allowed,
        max_prompt_chars=max_prompt_chars,
        at_close=lambda: None,
    )
