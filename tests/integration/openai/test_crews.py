"""Crews as models: the event's JSON goes in, a real task is made, its opinion comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from shared.database import Database
from shared.findings import AVISO_RASCUNHO, AVISO_RECUSA_IA, Avaliacao
from shared.tasks.claiming import Claimed
from shared.tasks.settling import Completed, NotCompleted, Settlement
from shared.tasks.states import TaskStatus
from shared.tasks.timeline import TimelineKind
from tests.integration.openai.crew_worker import accepted, envelope, example, rules_alone, working
from tests.integration.openai.surface import Scripted, listening

CREW = "crew:exames.hemograma"
OPINION = {"texto": "Plaquetas críticas [A1].", "citacoes": ["A1"], "agentes": ["hematologista"]}
SECRET = "Segredo que não pode voltar"


@pytest.fixture
def url(database_url: str, tmp_path: Path) -> Iterator[str]:
    with listening(Scripted(), DATABASE_URL=database_url, FILES_DIR=str(tmp_path), OPENAI_CREW_WAIT_S="20") as base:
        yield base


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="sk-teste", max_retries=0) as made:
        yield made


def case(**changes: Any) -> dict[str, Any]:
    return example("exames", "hemograma") | changes


def said(payload: Any) -> Any:
    return [{"role": "user", "content": json.dumps(payload)}]


def with_opinion(claim: Claimed, request: Any, evaluation: Avaliacao) -> Settlement:
    provenance = {"tokens": {"prompt": 40, "completion": 9}}
    result = envelope(evaluation, AVISO_RASCUNHO, parecer=OPINION, proveniencia=provenance)
    return Completed(claim.task_id, claim.fence, claim.run, result)


def failing(claim: Claimed, request: Any, evaluation: Avaliacao) -> Settlement:
    error = {"code": "rules_failed", "detail": "sem idade"}
    return NotCompleted(claim.task_id, claim.fence, TaskStatus.FAILED, error, line=TimelineKind.FAILED)


def test_the_opinion_is_the_answer_and_the_task_stands_behind_it(client: openai.OpenAI, database: Database) -> None:
    with working(database, with_opinion):
        answer = client.chat.completions.create(model=CREW, messages=said(case()))
    text = answer.choices[0].message.content or ""
    assert text.startswith(OPINION["texto"]) and "sem validade clínica" in text.lower()
    assert (answer.model, answer.choices[0].finish_reason) == (CREW, "stop")
    assert answer.usage and (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (40, 9)
    (row,) = accepted(database)
    about = (answer.model_extra or {})["plantao"]
    assert (row.domain, row.event, row.id) == ("exames", "hemograma", about["task_id"])
    assert (about["degraded"], about["review"]) == (False, "pendente")
    root = client.base_url.join("/").copy_with(raw_path=about["status_url"].encode())
    assert httpx.get(root).json()["result"]["parecer"] == OPINION


def test_without_an_opinion_the_findings_speak_worst_first(client: openai.OpenAI, database: Database) -> None:
    with working(database, rules_alone):
        answer = client.chat.completions.create(model=CREW, messages=said(case()))
    text = answer.choices[0].message.content or ""
    about = (answer.model_extra or {})["plantao"]
    assert about["degraded"] is True
    assert about["alerts"] and all(alert["descricao"] in text for alert in about["alerts"])
    ranks = ["(crítico)", "(atenção)", "(informação)"]
    order = [ranks.index(rank) for line in text.split("\n") for rank in ranks if rank in line]
    assert order == sorted(order) and order[0] == 0
    assert answer.usage and answer.usage.total_tokens == 0


def test_a_patient_who_refuses_ai_gets_rules_only(client: openai.OpenAI, database: Database) -> None:
    payload = case()
    payload["paciente"] = payload["paciente"] | {"recusa_ia": True}
    with working(database, rules_alone):
        answer = client.chat.completions.create(model=CREW, messages=said(payload))
    assert AVISO_RECUSA_IA in (answer.choices[0].message.content or "")


def test_a_stream_shows_progress_and_then_the_text(url: str, client: openai.OpenAI, database: Database) -> None:
    with working(database, with_opinion):
        body = {"model": CREW, "messages": said(case()), "stream": True, "stream_options": {"include_usage": True}}
        raw = httpx.post(f"{url}/chat/completions", json=body, timeout=30)
        chunks = list(client.chat.completions.create(model=CREW, messages=said(case()), stream=True))
    lines = [line for line in raw.text.split("\n") if line]
    assert any(line.startswith(": ") for line in lines) and lines[-1] == "data: [DONE]"
    first = json.loads(lines[0].removeprefix("data: "))
    (row,) = accepted(database)
    assert first["plantao"]["task_id"] == row.id, "known before anything can go wrong"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith(OPINION["texto"])
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (chunks[-1].model_extra or {})["plantao"]["degraded"] is False


def test_the_same_content_is_the_same_task_until_a_key_says_otherwise(
    client: openai.OpenAI, database: Database
) -> None:
    """Official clients repeat on their own and send no key: the work must not be done twice."""
    payload = case()
    with working(database, with_opinion):
        for messages in (
            said(payload),
            [{"role": "user", "content": f"```json\n{json.dumps(payload, indent=1)}\n```"}],
        ):
            client.chat.completions.create(model=CREW, messages=messages)  # type: ignore[arg-type]
        assert len(accepted(database)) == 1
        for _ in range(2):
            client.chat.completions.create(
                model=CREW, messages=said(payload), extra_headers={"Idempotency-Key": "de-novo"}
            )
    assert len(accepted(database)) == 2


def test_a_failed_task_says_why_and_is_not_repeated(client: openai.OpenAI, database: Database) -> None:
    with working(database, failing):
        with pytest.raises(openai.InternalServerError) as whole:
            client.with_options(max_retries=2).chat.completions.create(model=CREW, messages=said(case()))
        with pytest.raises(openai.APIError) as streamed:
            list(client.chat.completions.create(model=CREW, messages=said(case()), stream=True))
    (row,) = accepted(database)
    assert (whole.value.status_code, whole.value.code) == (502, "task_failed")
    assert whole.value.response.headers["x-should-retry"] == "false"
    for error in (whole.value, streamed.value):
        assert "sem idade" in error.message and row.id in error.message


def test_waiting_ends_with_the_tasks_id(database_url: str, database: Database, tmp_path: Path) -> None:
    with (
        listening(Scripted(), DATABASE_URL=database_url, FILES_DIR=str(tmp_path), OPENAI_CREW_WAIT_S="0.2") as url,
        openai.OpenAI(base_url=url, api_key="sk-teste", max_retries=1) as client,
        pytest.raises(openai.InternalServerError) as raised,
    ):
        client.chat.completions.create(model=CREW, messages=said(case()))
    (row,) = accepted(database)
    assert (raised.value.status_code, raised.value.code) == (504, "task_still_running")
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["plantao"] == {"task_id": row.id, "status_url": f"/api/exames/status/{row.id}"}


UNFIT: list[tuple[Any, dict[str, Any], str, str]] = [
    (said({"paciente": {"nome": SECRET}}), {}, "invalid_event", "campo obrigatório"),
    ([{"role": "user", "content": SECRET}], {}, "invalid_event", "o JSON do evento"),
    # Read in linear time: in quadratic, the process would stand still for minutes.
    ([{"role": "user", "content": "```json" + "\n" * 200_000}], {}, "invalid_event", "o JSON do evento"),
    ([{"role": "system", "content": SECRET}, *said({})], {}, "unsupported_value", "system"),
    ([*said({}), {"role": "assistant", "content": SECRET}], {}, "invalid_value", "do usuário"),
    (said({}), {"temperature": 0.2}, "unsupported_parameter", "temperature"),
    (said({}), {"tools": []}, "unsupported_parameter", "tools"),
]


def test_what_a_crew_cannot_take_makes_no_task(client: openai.OpenAI, database: Database) -> None:
    for messages, more, code, words in UNFIT:
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model=CREW, messages=messages, **more)
        assert refused.value.code == code and words in refused.value.message
        assert SECRET not in refused.value.message
    for model in ("crew:exames.nada", "crew:", "crew:conversas.resposta"):
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model=model, messages=said({}))
    assert not accepted(database)
