"""Every call to a deployment outside the house goes through the privacy door; inside nothing is changed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from llmock.pytest_plugin import LLMock

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, Finished, TextDelta, ToolCallDelta
from shared.llm.errors import TransferRefused
from shared.llm.gateway import Gateway
from shared.llm.privacy_door import PrivacyDoor
from shared.privacy.identifiers import Identifiers
from tests.unit.llm.engine.books import Books
from tests.unit.llm.engine.making import catalogue, context, deployment, make_gateway

NAME = "Zulmira Canário Tranca"
ABOUT = Identifiers(names=frozenset({NAME}))
REQUEST = ChatRequest([{"role": "user", "content": f"Resuma o caso de {NAME}."}])
TOOL = {
    "type": "function",
    "function": {
        "name": "buscar",
        "description": "Busca por nome.",
        "parameters": {"type": "object", "properties": {"nome": {"type": "string"}}},
    },
}


def outside(*deployments: Deployment, books: Books | None = None, inside: Any = lambda _: False) -> Gateway:
    return make_gateway(
        catalogue(1, **{f"d{number}": found for number, found in enumerate(deployments)}),
        inside=inside,
        door=lambda about: PrivacyDoor(about.identifiers),
        transfer_allowed=True,
        books=books,
    )


def of(llmock: LLMock, **changes: Any) -> Deployment:
    return deployment(llmock.base_url(), free_text=True, **changes)


def sent(llmock: LLMock) -> str:
    return orjson.dumps([record.body for record in llmock.requests]).decode()


def said_by(llmock: LLMock) -> str:
    """The word that stood for the name in the last request."""
    content: str = llmock.last_request.body["messages"][-1]["content"]
    return content.removeprefix("Resuma o caso de ").removesuffix(".")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_name_does_not_leave_and_comes_back(llmock: LLMock, stream: bool) -> None:
    gateway = outside(of(llmock))
    await gateway.complete(REQUEST, context(identifiers=ABOUT))
    assert NAME not in sent(llmock)
    llmock.reply(f"O caso de {said_by(llmock)} é estável.")
    if not stream:
        reply = await gateway.complete(REQUEST, context(identifiers=ABOUT))
        assert reply.text == f"O caso de {NAME} é estável."
        return
    events = [event async for event in gateway.stream(REQUEST, context(identifiers=ABOUT))]
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    last = events[-1]
    assert isinstance(last, Finished)
    assert text == last.reply.text == f"O caso de {NAME} é estável."
    assert NAME not in sent(llmock)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_name_in_the_arguments_of_a_tool(llmock: LLMock, stream: bool) -> None:
    gateway = outside(of(llmock))
    await gateway.complete(REQUEST, context(identifiers=ABOUT))
    llmock.call_tool("buscar", {"nome": said_by(llmock)})
    request = ChatRequest(REQUEST.messages, [TOOL])
    if stream:
        events = [event async for event in gateway.stream(request, context(identifiers=ABOUT))]
        pieces = "".join(event.arguments for event in events if isinstance(event, ToolCallDelta))
        assert orjson.loads(pieces) == {"nome": NAME}
        last = events[-1]
        assert isinstance(last, Finished)
        reply = last.reply
    else:
        reply = await gateway.complete(request, context(identifiers=ABOUT))
    assert [call.arguments for call in reply.tool_calls] == [{"nome": NAME}]
    assert NAME not in sent(llmock)


async def test_inside_the_house_nothing_is_hidden(llmock: LLMock) -> None:
    await outside(of(llmock), inside=lambda _: True).complete(REQUEST, context(identifiers=ABOUT))
    assert said_by(llmock) == NAME


async def test_what_cannot_be_hidden_is_not_sent_and_goes_to_a_model_inside(llmock: LLMock) -> None:
    """A picture cannot be searched for a name."""
    books = Books()
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    request = ChatRequest([{"role": "user", "content": [{"type": "text", "text": "O que se vê?"}, picture]}])
    with pytest.raises(TransferRefused):
        await outside(of(llmock), books=books).complete(request, context(identifiers=ABOUT))
    assert (llmock.requests, books.opened) == ([], [])
    both = outside(of(llmock, model="fora"), of(llmock, model="dentro"), inside=lambda found: found.model == "dentro")
    assert (await both.complete(request, context(identifiers=ABOUT))).model == "dentro"
    assert [record.model for record in llmock.requests] == ["dentro"]


async def test_a_fallback_to_the_outside_passes_the_door_too(llmock: LLMock) -> None:
    llmock.fail(500, model="dentro", times=None, retry_after=0.01)
    both = outside(of(llmock, model="dentro"), of(llmock, model="fora"), inside=lambda found: found.model == "dentro")
    assert (await both.complete(REQUEST, context(identifiers=ABOUT))).model == "fora"
    bodies = {record.model: orjson.dumps(record.body).decode() for record in llmock.requests}
    assert NAME in bodies["dentro"]
    assert NAME not in bodies["fora"]


async def test_a_name_that_moves_in_and_out_meets_a_client_that_stays_inside(
    llmock: LLMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client made while the host was outside must not be sent names in clear by a host that is said to be inside."""
    residence = {"inside": False}
    gateway = outside(of(llmock), inside=lambda _: residence["inside"])
    monkeypatch.setattr("shared.llm.residences._GOOD_FOR_S", 0.0)
    monkeypatch.setattr("shared.llm.residency._INSIDE", ())  # where it really connects to is outside all the time
    await gateway.complete(REQUEST, context(identifiers=ABOUT))
    residence["inside"] = True
    with pytest.raises(TransferRefused, match="fora da instituição"):
        await gateway.complete(REQUEST, context(identifiers=ABOUT))
    residence["inside"] = False
    await gateway.complete(REQUEST, context(identifiers=ABOUT))
    assert len(llmock.requests) == 2
    assert NAME not in sent(llmock)
