"""What the clinical requests refuse, and that no refusal repeats the value."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.clinico.domain import DOMAIN
from handlers.clinico.examples import ALTA, CONSULTA, INTERNACAO
from handlers.clinico.requests import Alta, Consulta, Internacao, SinaisVitais
from handlers.clinico.rules import alta, consulta, internacao
from shared.domain import Event


def test_domain_is_the_contract_s() -> None:
    assert (DOMAIN.key, DOMAIN.vhost) == ("clinico", "fluxo_clinico")
    paths = {event.name: event.path for event in DOMAIN.events}
    assert paths == {"consulta": "consulta/", "internacao": "internacao/", "alta": "alta/"}


@pytest.mark.parametrize(
    ("event", "rules"), list(zip(DOMAIN.events, (consulta, internacao, alta), strict=True)), ids=lambda x: str(x)[:12]
)
def test_example_is_valid_and_evaluates_with_ids_in_order(event: Event, rules: Any) -> None:
    avaliacao = rules.avaliar(event.request.model_validate(event.example))
    assert [a.id for a in avaliacao.achados] == [f"A{i + 1}" for i in range(len(avaliacao.achados))]
    assert avaliacao.achados
    assert all(a.fonte and a.versao_regra for a in avaliacao.achados)


@pytest.mark.parametrize(
    ("model", "example", "required"),
    [
        (Consulta, CONSULTA, ["paciente", "data_hora", "profissional", "queixa_principal"]),
        (Internacao, INTERNACAO, ["data_hora", "data_hora_internacao", "carater", "cid_principal"]),
        (Alta, ALTA, ["paciente", "data_hora_internacao", "data_hora_alta", "motivo_saida", "cid_principal"]),
    ],
)
def test_required_fields(model: Any, example: dict[str, Any], required: list[str]) -> None:
    for field in required:
        with pytest.raises(ValidationError) as refusal:
            model.model_validate({k: v for k, v in example.items() if k != field})
        assert [error["loc"] for error in refusal.value.errors()] == [(field,)]


def test_a_sign_keeps_its_fraction_and_a_whole_one_stays_an_integer() -> None:
    signs = SinaisVitais.model_validate({"fc_bpm": "72.5", "fr_irpm": "16", "pas_mmhg": 120.0})
    dumped = signs.model_dump(mode="json", exclude_none=True)
    assert dumped == {"fr_irpm": 16, "pas_mmhg": 120, "fc_bpm": "72.5"}
    with pytest.raises(ValidationError, match="deve ser um número"):
        SinaisVitais.model_validate({"fr_irpm": True})


@pytest.mark.parametrize("birth", ["1800-01-01", "1895-11-17", "0001-01-01"])
@pytest.mark.parametrize(("model", "example"), [(Consulta, CONSULTA), (Internacao, INTERNACAO), (Alta, ALTA)])
def test_nobody_is_older_than_130(model: Any, example: dict[str, Any], birth: str) -> None:
    body = deepcopy(example)
    body["paciente"]["data_nascimento"] = birth
    with pytest.raises(ValidationError, match="há mais de 130 anos") as refusal:
        model.model_validate(body)
    assert all(error["loc"][0].startswith("data_hora") for error in refusal.value.errors())


@pytest.mark.parametrize(
    ("model", "example", "changes", "reason"),
    [
        (Consulta, CONSULTA, {"data_hora": "2026-11-18T08:40:00"}, "fuso"),
        (Consulta, CONSULTA, {"data_hora": "1950-01-01T08:40:00-03:00"}, "data_nascimento posterior"),
        (Consulta, CONSULTA, {"sinais_vitais": {"escala_spo2": 3}}, "1 or 2"),
        (Consulta, CONSULTA, {"cids": ["J189X"]}, "CID-10"),
        (Consulta, CONSULTA, {"medicamentos": [{"nome": "X", "dose": 1}]}, "unidade da dose"),
        (Consulta, CONSULTA, {"campo_novo": 1}, "Extra inputs"),
        (Internacao, INTERNACAO, {"carater": "programada"}, "'eletiva' or 'urgencia'"),
        (Internacao, INTERNACAO, {"procedimento_tuss": "30715016"}, "não os dois"),
        (Internacao, INTERNACAO, {"data_hora_internacao": "1950-01-01T08:40:00-03:00"}, "data_nascimento posterior"),
        (Alta, ALTA, {"data_hora_alta": "2026-11-18T11:29:00-03:00"}, "anterior a data_hora_internacao"),
        (Alta, ALTA, {"visitas_ps_6m": -1}, "greater than or equal to 0"),
        (Alta, ALTA, {"visitas_ps_6m": True}, "deve ser um número"),
    ],
)
def test_refusal_gives_the_reason_and_not_the_value(
    model: Any, example: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(deepcopy(example) | changes)
    text = str(refusal.value)
    assert reason in text
    assert CONSULTA["paciente"]["nome"] not in text
    assert "input_value" not in text


def test_a_discharge_at_the_moment_of_admission_is_accepted() -> None:
    Alta.model_validate(ALTA | {"data_hora_alta": ALTA["data_hora_internacao"]})


def test_wrong_check_digit_of_a_procedure_only_warns() -> None:
    avaliacao = internacao.avaliar(Internacao.model_validate(INTERNACAO | {"procedimento_sigtap": "0303140150"}))
    assert "procedimento_dv_divergente" in [a.codigo for a in avaliacao.achados]


@pytest.mark.parametrize(
    ("pending", "missing", "found"),
    [
        (None, True, False),
        ([], False, False),
        (["Nenhuma."], False, False),
        (["Hemocultura"], False, True),
        (["Nenhuma", "Hemocultura"], False, True),
    ],
)
def test_pending_matters_of_a_discharge(pending: list[str] | None, missing: bool, found: bool) -> None:
    body = {k: v for k, v in (ALTA | {"pendencias": pending}).items() if v is not None}
    avaliacao = alta.avaliar(Alta.model_validate(body))
    assert ("pendencias" in avaliacao.dados_faltantes) is missing
    assert ("alta_com_pendencias" in [a.codigo for a in avaliacao.achados]) is found
