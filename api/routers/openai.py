"""`/v1`: what any OpenAI client speaks. Models of the catalogue, and crews as models."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.dependencies import AppParts, CurrentCaller, Parts
from api.openai.body import read_chat
from api.openai.completions import by_crew, by_model
from api.openai.crews import PREFIX, Crews
from api.openai.errors import request_id
from api.openai.schemas import CHAT_BODY, CHAT_RESPONSES, ERRORS, ModelList, ModelObject
from api.rate_headers import allowed_headers
from api.rate_limits import limited
from api.views import json_response
from shared import clock
from shared.domain import Domain
from shared.llm.contract import Surface
from shared.llm.errors import UnknownModel
from shared.llm.rates import Allowance
from shared.settings import DomainSettings

_GONE = 499  # nobody reads it; access logs of proxies know the number


def router_for(domains: dict[str, Domain], settings: DomainSettings) -> APIRouter:
    """The three endpoints, with the crews of these domains."""
    router = APIRouter(prefix="/v1", tags=["OpenAI"])
    crews = Crews(domains, settings)
    started = int(clock.now().timestamp())

    @router.post(
        "/chat/completions",
        summary="Chat no formato da OpenAI: modelos da casa e equipes",
        response_model=None,
        openapi_extra=CHAT_BODY,
        responses=CHAT_RESPONSES,
    )
    async def create_completion(
        request: Request,
        parts: AppParts,
        caller: CurrentCaller,
        allowance: Annotated[Allowance | None, Depends(limited(Surface.OPENAI))],
    ) -> Response:
        try:
            asked = await read_chat(request, parts.settings.api.api_max_body_bytes)
            if asked.typed.model.startswith(PREFIX):
                answer = await by_crew(request, crews.named(asked.typed.model), asked, parts, caller)
            else:
                answer = await by_model(request, asked, parts, caller)
        except ClientDisconnect:
            return Response(status_code=_GONE)
        if allowance is not None:
            answer.headers.update(allowed_headers(allowance))
        return answer

    @router.get("/models", summary="Modelos e equipes", response_model=None, responses={200: {"model": ModelList}})
    async def list_models(request: Request, parts: AppParts) -> Response:
        listed = list((await _cards(parts, crews, started)).values())
        return json_response({"object": "list", "data": listed}, headers={"x-request-id": request_id(request)})

    @router.get(
        "/models/{model_id}",
        summary="Um modelo ou equipe",
        response_model=None,
        responses={200: {"model": ModelObject}, 404: ERRORS[404]},
    )
    async def read_model(model_id: str, request: Request, parts: AppParts) -> Response:
        found = (await _cards(parts, crews, started)).get(model_id)
        if found is None:
            raise UnknownModel("GET /v1/models mostra os que existem")
        return json_response(found, headers={"x-request-id": request_id(request)})

    return router


async def _cards(parts: Parts, crews: Crews, created: int) -> dict[str, dict[str, Any]]:
    """By id, in the order in which they are shown. `created` is when this process started: models have no date here."""
    cards = await asyncio.to_thread(parts.gateway.models)  # names of hosts are resolved the first time
    owners = {card.id: card.provider if card.kind == "deployment" else "plantao" for card in cards}
    owners |= {crew.id: "plantao" for crew in crews.all()}
    common = {"object": "model", "created": created}
    return {name: {"id": name, **common, "owned_by": owner} for name, owner in owners.items()}
