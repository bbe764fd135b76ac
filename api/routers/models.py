"""Which models a caller may name: policies and deployments of the catalogue."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.dependencies import AppParts
from api.views import json_response
from shared.llm.catalogue import Catalogue
from shared.llm.contract import ModelCard

router = APIRouter(prefix="/api/llm", tags=["Modelos"])


class PricesView(BaseModel):
    """US dollars for a million tokens, as the house keeps them; they decide what a ledger row costs."""

    input: float
    output: float


class ModelView(BaseModel):
    """One model that may stand in `model`."""

    id: str
    kind: Literal["policy", "deployment"] = Field(description="policy: tries its deployments in order")
    provider: str = Field(description="Of a policy: that of its first deployment, as all that follows")
    model: str = Field(description="The provider's own name for it")
    context_tokens: int = Field(description="Of prompt and answer together")
    max_output_tokens: int = Field(description="Of an answer, where a request names no limit")
    inside: bool = Field(description="True: nothing leaves the house")
    prices: PricesView
    default: bool = Field(description="What is asked where a request names no model")
    deployments: list[str] = Field(description="In the order in which they are tried")


class ModelPage(BaseModel):
    items: list[ModelView]


@router.get(
    "/models",
    summary="Modelos que se pode pedir: políticas (com a ordem de reserva) e implantações",
    response_model=None,
    responses={200: {"model": ModelPage}},
)
async def list_models(parts: AppParts) -> Response:
    cards = await asyncio.to_thread(parts.gateway.models)  # names of hosts are resolved the first time
    return json_response({"items": [_view(card, parts.catalogue) for card in cards]})


def _view(card: ModelCard, catalogue: Catalogue) -> dict[str, Any]:
    policy = catalogue.policies.get(card.id)
    order = list(policy.deployments) if policy else [card.id]
    prices = catalogue.deployments[order[0]].prices
    return asdict(card) | {
        "prices": {"input": float(prices.input), "output": float(prices.output)},
        "default": card.id == catalogue.default,
        "deployments": order,
    }
