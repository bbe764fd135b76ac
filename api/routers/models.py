"""Which models a caller may name: policies and deployments of the catalogue."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.dependencies import AppParts
from api.views import json_response

router = APIRouter(prefix="/api/llm", tags=["Modelos"])


class ModelView(BaseModel):
    """One model that may stand in `model`."""

    id: str
    kind: Literal["policy", "deployment"] = Field(description="policy: tries its deployments in order")
    provider: str = Field(description="Of a policy: that of its first deployment")
    model: str = Field(description="The provider's own name for it")
    context_tokens: int
    inside: bool = Field(description="True: nothing leaves the house")


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
    return json_response({"items": [asdict(card) for card in cards]})
