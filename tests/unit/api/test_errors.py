"""problem+json: the field and the reason, never the value."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, ValidationError

from api.errors import PROBLEM_JSON, install, invalid_field, problem
from handlers.registry import load_domains
from shared.domain import Event
from shared.errors import (
    BodyTooLarge,
    CallerError,
    Conflict,
    IdempotencyMismatch,
    InvalidField,
    NotFound,
    Overloaded,
    PlantaoError,
    StoreUnavailable,
    UnsupportedMedia,
)
from tests.fixtures.domains.eco.domain import DOMAIN

SECRET = "ZZSEGREDO98765432100"
EVENTS = [
    pytest.param(event, id=f"{domain.key}.{event.name}")
    for domain in [*load_domains(["handlers"]).values(), DOMAIN]
    for event in domain.events
]
BAD: list[Any] = [SECRET, [SECRET], {f"{SECRET} x": SECRET}, -98765432100, 98765432100.5, True, None, [], {}]


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a JSON document, its root apart."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*here, key)
        yield from _places(inner, (*here, key))


def _with(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    target = changed
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    return changed


@pytest.mark.parametrize("event", EVENTS)
def test_no_refusal_of_any_model_repeats_what_it_was_given(event: Event) -> None:
    body = event.example | event.path_example
    refused = 0
    documents = [_with(body, place, bad) for place in _places(body) for bad in BAD] + [body | {SECRET + " x": 1}]
    for document in documents:
        try:
            event.request.model_validate(document)
        except ValidationError as error:
            refused += 1
            answer = problem(invalid_field(error)).body.decode()
            assert SECRET not in answer
            assert "98765432100" not in answer
    assert refused > 0


@pytest.mark.parametrize("event", EVENTS)
def test_an_example_is_a_valid_request(event: Event) -> None:
    event.request.model_validate(event.example | event.path_example)


def _refusal(event: Event, body: dict[str, Any]) -> InvalidField:
    with pytest.raises(ValidationError) as error:
        event.request.model_validate(body)
    refusal = invalid_field(error.value)
    assert isinstance(refusal, InvalidField)
    return refusal


def test_every_wrong_field_is_named_with_its_reason() -> None:
    refusal = _refusal(DOMAIN.events[0], {"texto": "x" * 201, "valor": "abc", "outro": 1})
    assert dict(refusal.fields) == {
        "texto": "deve ter no máximo 200 caracteres",
        "valor": "deve ser um número",
        "outro": "campo desconhecido",
    }


def test_a_missing_field_and_a_limit_are_said() -> None:
    assert _refusal(DOMAIN.events[0], {}).fields == [("texto", "campo obrigatório")]
    assert _refusal(DOMAIN.events[1], {"segundos": 601}).fields == [("segundos", "deve ser menor ou igual a 600.0")]


def test_a_choice_is_listed_in_one_language() -> None:
    class Reviewed(BaseModel):
        decisao: Literal["aceito", "editado", "rejeitado"]

    with pytest.raises(ValidationError) as refused:
        Reviewed.model_validate({"decisao": "talvez"})
    assert invalid_field(refused.value).detail == "decisao: deve ser um de: 'aceito', 'editado' ou 'rejeitado'"


def test_a_flood_of_errors_is_cut_short() -> None:
    body = {"texto": "x"} | {f"extra{number}": 1 for number in range(200)}
    assert len(_refusal(DOMAIN.events[0], body).fields) == 50


def test_broken_json_is_malformed_and_not_a_field() -> None:
    with pytest.raises(ValidationError) as error:
        DOMAIN.events[0].request.model_validate_json(f'{{"texto": "{SECRET}')
    refusal = invalid_field(error.value)
    assert (refusal.status, refusal.slug, SECRET in str(refusal)) == (400, "malformed-body", False)


RAISED: dict[str, Exception] = {
    "notfound": NotFound("tarefa desconhecida"),
    "conflict": Conflict("já terminou"),
    "large": BodyTooLarge("o limite é de 5 bytes"),
    "media": UnsupportedMedia("envie JSON"),
    "field": InvalidField([("paciente.cpf", "inválido")]),
    "key": IdempotencyMismatch("outro corpo"),
    "caller": CallerError("não"),
    "store": StoreUnavailable("fora"),
    "busy": Overloaded("cheio", retry_after=1),
    "ours": PlantaoError("x"),
    "bug": ZeroDivisionError(SECRET),
}


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI()
    install(app)

    @app.get("/raise/{name}")
    async def raise_it(name: str) -> None:
        raise RAISED[name]

    @app.get("/wait")
    async def wait(seconds: Annotated[int, Query(ge=0, le=30)]) -> int:
        return seconds

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize(
    ("name", "status", "slug"),
    [
        ("notfound", 404, "not-found"),
        ("conflict", 409, "conflict"),
        ("large", 413, "body-too-large"),
        ("media", 415, "unsupported-media-type"),
        ("field", 422, "invalid-field"),
        ("key", 422, "idempotency-key-reused"),
        ("caller", 400, "bad-request"),
        ("store", 503, "store-unavailable"),
        ("busy", 503, "overloaded"),
        ("ours", 500, "internal-error"),
        ("bug", 500, "internal-error"),
    ],
)
async def test_each_error_has_its_status_and_a_stable_type(
    client: httpx.AsyncClient, name: str, status: int, slug: str
) -> None:
    answer = await client.get(f"/raise/{name}")
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM_JSON)
    assert (body["type"], body["status"]) == (f"urn:plantao:problema:{slug}", status)
    assert body["title"] and body["detail"]
    assert SECRET not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)
    assert ("errors" in body) == (name == "field")


async def test_a_busy_server_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    assert (await client.get("/raise/busy")).headers["retry-after"] == "1"
    assert (await client.get("/raise/store")).headers["retry-after"] == "5"


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    missing = await client.get(f"/{SECRET}")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:plantao:problema:not-found")
    assert SECRET not in missing.text
    method = await client.post("/wait")
    assert (method.status_code, method.json()["type"]) == (405, "urn:plantao:problema:method-not-allowed")
    assert method.headers["allow"] == "GET"


@pytest.mark.parametrize("value", [SECRET, "31", "-1", ""])
async def test_a_wrong_parameter_is_named_and_not_repeated(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get("/wait", params={"seconds": value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "seconds"
    assert SECRET not in answer.text
