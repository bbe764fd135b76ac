"""The demo's talk shows request and answer, and believes nothing but an end that says `complete`."""

import httpx
import pytest
from pydantic import BaseModel

from dev.demo_talk import CHAT, COMPLETIONS, talk
from shared.domain import Domain, Event


class Pedido(BaseModel):
    nome: str


HEMOGRAM = Event("hemograma", "hemograma/", Pedido, "Hemograma", {"nome": "x"})
DOMAINS = {"exames": Domain("exames", "fluxo_exams", "Exames", (HEMOGRAM,))}
PIECES = (
    'event: start\ndata: {"content": ""}\n\nid: 4\ndata: {"content": "Bom "}\n\nid: 7\ndata: {"content": "dia"}\n\n'
)
COMPLETE = 'event: complete\ndata: {"content": "", "deployment": "casa"}\n\n'
INCOMPLETE = 'event: incomplete\ndata: {"content": "", "deployment": "casa", "error": {"code": "answer_broken"}}\n\n'
OPINION = {
    "choices": [{"message": {"content": "Plaquetas críticas [A1]. " * 40}}],
    "plantao": {
        "alerts": [{"codigo": "critico_plaquetas"}],
        "review": "pendente",
        "status_url": "/api/exames/status/t1",
    },
}


def house(stream: httpx.Response, crew: httpx.Response, seen: list[httpx.Request] | None = None) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return stream if request.url.path == CHAT else crew

    return httpx.Client(base_url="http://api", transport=httpx.MockTransport(answer))


def streamed(text: str) -> httpx.Response:
    return httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})


def test_both_are_shown_as_request_and_answer(capsys: pytest.CaptureFixture[str]):
    seen: list[httpx.Request] = []
    with house(streamed(PIECES + COMPLETE), httpx.Response(200, json=OPINION), seen) as client:
        assert talk(client, DOMAINS) == []
        talk(client, DOMAINS)
    shown = capsys.readouterr().out
    assert f"POST {CHAT} " in shown and "Bom dia\n" in shown
    assert "ended `complete`: 2 piece(s)" in shown and "by casa" in shown
    assert f"POST {COMPLETIONS} " in shown and '"model": "crew:exames.hemograma"' in shown
    assert "alerts: critico_plaquetas; review: pendente; /api/exames/status/t1" in shown
    assert max(map(len, shown.splitlines())) < 300
    keys = [request.headers["idempotency-key"] for request in seen if request.url.path == COMPLETIONS]
    assert len(set(keys)) == 2


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (streamed(PIECES + INCOMPLETE), "incomplete: answer_broken"),
        (streamed(PIECES), "the stream was cut"),
        (httpx.Response(503, json={}), "answered 503"),
    ],
)
def test_only_complete_counts(stream: httpx.Response, told: str, capsys: pytest.CaptureFixture[str]):
    with house(stream, httpx.Response(502, json={"error": {}})) as client:
        assert talk(client, DOMAINS) == [CHAT, COMPLETIONS]
    shown = capsys.readouterr().out
    assert told in shown
    assert "answered 502" in shown


def test_a_house_without_the_hemogram_only_chats():
    with house(streamed(COMPLETE), httpx.Response(500)) as client:
        assert talk(client, {}) == []


def test_an_api_that_went_away_is_told(capsys: pytest.CaptureFixture[str]):
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with httpx.Client(base_url="http://api", transport=httpx.MockTransport(gone)) as client:
        assert talk(client, DOMAINS) == [CHAT, COMPLETIONS]
    assert "the API does not answer: ConnectError" in capsys.readouterr().out
