from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from handlers.exames.domain import DOMAIN
from handlers.exames.requests.exame import PedidoExame
from handlers.exames.rules.exame import avaliar, loinc_check_digit_agrees
from handlers.exames.tables import HEMOGRAMA

EVENT = DOMAIN.event("exame")
assert EVENT is not None
BASE: dict[str, Any] = EVENT.example | {"urgencia": False}


def order(**more: Any) -> PedidoExame:
    merged = {**BASE, **more}
    return PedidoExame.model_validate({key: value for key, value in merged.items() if value is not None})


def codes(request: PedidoExame) -> set[str]:
    return {finding.codigo for finding in avaliar(request).achados}


@pytest.mark.parametrize(
    ("code", "system", "normal", "agrees"),
    [
        ("40304361", "tuss", "40304361", True),
        ("4.03.04.36-1", "tuss", "40304361", True),
        ("40304362", "tuss", "40304362", False),
        ("0202020380", "sigtap", "0202020380", True),
        ("02.02.02.038-1", "sigtap", "0202020381", False),
        ("58410-2", "loinc", "58410-2", True),
        ("58410-3", "loinc", "58410-3", False),
    ],
)
def test_the_form_of_a_code_tells_its_system_and_the_digit_only_warns(
    code: str, system: str, normal: str, agrees: bool
) -> None:
    request = order(codigo=code)
    assert request.codigo == normal
    calculated = avaliar(request).calculos
    assert (calculated["sistema_codigo"], calculated[f"existencia_{system}"]) == (system, "nao_verificado")
    assert ("codigo_dv_divergente" not in codes(request)) is agrees


@pytest.mark.parametrize("code", ["", "123", "ABCDEFGH", "４０３０４３６１", "123456789", "58410-22"])
def test_a_code_of_no_system_is_refused_by_name(code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        order(codigo=code)
    assert [error["loc"] for error in refusal.value.errors()] == [("codigo",)]


def test_loinc_digits_agree_over_the_whole_hemogram_table() -> None:
    listed = [row.loinc.split()[0] for row in HEMOGRAMA.current().parametros if row.loinc]
    assert all(loinc_check_digit_agrees(code) for code in listed)


def test_an_order_that_says_too_little() -> None:
    assert codes(order(indicacao_clinica="rotina")) == {"indicacao_pouco_informativa"}
    with pytest.raises(ValidationError):
        order(indicacao_clinica="   ")


def test_urgency_and_identity_are_said() -> None:
    assert codes(order(urgencia=True)) == {"solicitacao_urgente"}
    unknown = {key: value for key, value in BASE["paciente"].items() if key != "cpf"}
    request = order(paciente={**unknown, "nao_identificado": {"motivo": "inconsciente"}})
    assert codes(request) == {"paciente_nao_identificado"}


def test_what_is_missing_and_what_nobody_evaluated() -> None:
    evaluation = avaliar(order(cid=None, profissional=None))
    assert evaluation.dados_faltantes == ["cid", "profissional"]
    assert any("sem a tabela oficial" in words for words in evaluation.nao_avaliado)
    assert avaliar(order()).dados_faltantes == []
