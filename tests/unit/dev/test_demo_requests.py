"""The demo follows real answers, tells what failed, and never waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from pydantic import BaseModel

from dev.demo_requests import Case, cases, follow_all
from dev.demo_view import PlainView, show_results
from shared.domain import Domain, Event
from shared.settings import DomainSettings


class Pedido(BaseModel):
    tipo: str
    nome: str


EVENT = Event("imagem", "imagem/{tipo}", Pedido, "Imagem", {"nome": "x"}, {"tipo": "tomografia"})
DOMAINS = {"exames": Domain("exames", "fluxo_exams", "Exames", (EVENT,))}
STATUS_URL = "/api/exames/status/t1"
ACCEPTED = {"task_id": "t1", "status": "pending", "status_url": STATUS_URL}
RUNNING = {"status": "running", "progress": {"done": 1, "total": 3, "agent": "Hematologista"}}
COMPLETED = {
    "status": "completed",
    "alerts": [{"codigo": "hb_critica"}],
    "result": {"achados": [{"codigo": "anemia_grave"}], "parecer": {"texto": "Anemia grave [A1]. " * 20}},
}


class Script:
    """An API that gives these answers to the status requests, one after the other."""

    def __init__(self, post: httpx.Response, *statuses: dict[str, object]) -> None:
        self.post = post
        self.statuses = list(statuses)
        self.seen: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        await asyncio.sleep(0)  # a real network lets the loop run; a mocked one must do so itself
        if request.method == "POST":
            return self.post
        answer = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return httpx.Response(200, json=answer)


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[Script], httpx.AsyncClient]]:
    opened: list[httpx.AsyncClient] = []

    def open_client(script: Script) -> httpx.AsyncClient:
        opened.append(httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(script)))
        return opened[-1]

    yield open_client
    for client in opened:
        await client.aclose()


Connect = Callable[[Script], httpx.AsyncClient]


async def test_a_case_runs_to_its_result(connect: Connect, capsys: pytest.CaptureFixture[str]):
    script = Script(httpx.Response(202, json=ACCEPTED), RUNNING, COMPLETED)
    [case] = cases(DOMAINS, DomainSettings())
    await follow_all(connect(script), [case], PlainView().changed, deadline_s=30)
    show_results([case])
    shown = capsys.readouterr().out
    assert case.succeeded
    assert script.seen[0].url.path == "/api/exames/imagem/tomografia"
    assert "Hematologista (1/3)" in shown
    assert "anemia_grave" in shown
    assert "hb_critica" in shown
    assert "Anemia grave [A1]." in shown


def test_a_narrow_terminal_breaks_no_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    [case] = cases(DOMAINS, DomainSettings())
    case.status, case.task = "completed", {"result": {"achados": [{"codigo": "excluir_pseudotrombocitopenia"}]}}
    show_results([case])
    shown = capsys.readouterr().out
    assert "findings: excluir_pseudotrombocitopenia" in shown
    assert max(map(len, shown.splitlines())) <= 90


async def test_a_refused_post_is_told_with_the_problems_words(connect: Connect):
    problem = {"title": "Campo inválido", "detail": "nome: falta"}
    refused = httpx.Response(422, json=problem, headers={"content-type": "application/problem+json"})
    [case] = cases(DOMAINS, DomainSettings())
    await follow_all(connect(Script(refused)), [case], PlainView().changed, deadline_s=30)
    assert not case.succeeded
    assert "422" in case.problem
    assert "nome: falta" in case.problem


async def test_a_failed_task_is_no_success(connect: Connect):
    failed = {"status": "failed", "error": {"detail": "rules"}, "result": None}
    [case] = cases(DOMAINS, DomainSettings())
    script = Script(httpx.Response(202, json=ACCEPTED), failed)
    await follow_all(connect(script), [case], PlainView().changed, deadline_s=30)
    assert case.ended
    assert not case.succeeded


async def test_what_never_ends_is_given_up(connect: Connect):
    script = Script(httpx.Response(202, json=ACCEPTED), RUNNING)
    changed: list[str] = []
    [case] = cases(DOMAINS, DomainSettings())

    def note(seen: Case) -> None:
        changed.append(seen.doing)

    await follow_all(connect(script), [case], note, deadline_s=1.0)
    assert "still running" in case.problem
    assert changed[-1] == case.problem
