"""What a caller over HTTP reads of the gateway's refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from api.errors import problem
from api.main import create_app
from shared.errors import ModelRefused, ModelUnavailable, PlantaoError
from shared.llm.catalogue import CatalogueInvalid
from shared.llm.errors import (
    AnswerBroken,
    BudgetExhausted,
    ContextOverflow,
    ParameterRefused,
    PromptTooLarge,
    TransferRefused,
    UnknownModel,
)
from shared.settings import load_settings


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (ModelUnavailable("fora"), 503, "model-unavailable"),
        (AnswerBroken("cortada", "texto da resposta", "truncated"), 502, "answer-broken"),
        (ModelRefused("não"), 502, "model-refused"),
        (UnknownModel("não há"), 404, "unknown-model"),
        (ParameterRefused("seed", "não há"), 400, "parameter-refused"),
        (ContextOverflow("grande"), 400, "context-overflow"),
        (PromptTooLarge("grande"), 413, "prompt-too-large"),
        (BudgetExhausted("acabou", datetime(2030, 1, 1, tzinfo=UTC)), 402, "budget-exhausted"),
        (TransferRefused("não sai"), 403, "transfer-refused"),
    ],
)
def test_each_has_its_status_and_type(error: PlantaoError, status: int, slug: str) -> None:
    answer = problem(error)
    body = orjson.loads(answer.body)
    assert (answer.status_code, body["status"], body["type"]) == (status, status, f"urn:plantao:problema:{slug}")
    assert "texto da resposta" not in answer.body.decode()


def test_a_wait_is_told_in_whole_seconds() -> None:
    assert problem(ModelUnavailable("fora", 2.2)).headers["Retry-After"] == "3"
    assert problem(ModelUnavailable("fora", 0.0)).headers["Retry-After"] == "1"
    assert problem(ModelUnavailable("fora")).headers["Retry-After"] == "5"


def test_a_budget_says_when_it_begins_again() -> None:
    resets_at = datetime.now(UTC) + timedelta(hours=1)
    answer = problem(BudgetExhausted("acabou", resets_at))
    assert datetime.fromisoformat(orjson.loads(answer.body)["resets_at"]) == resets_at
    assert 3_590 <= int(answer.headers["Retry-After"]) <= 3_600


def test_a_parameter_is_named() -> None:
    assert orjson.loads(problem(ParameterRefused("logit_bias", "não há")).body)["parameter"] == "logit_bias"


def test_a_catalogue_that_cannot_be_used_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "modelos.toml"
    file.write_text('[policies.padrao]\ndeployments = ["nenhum"]\n[deployments]\n')
    monkeypatch.setenv("MODELS_FILE", str(file))
    with pytest.raises(CatalogueInvalid, match="policies.padrao names 'nenhum'"):
        create_app(load_settings())
