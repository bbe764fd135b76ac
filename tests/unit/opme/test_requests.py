"""What the OPME requests refuse at the door, and that no refusal repeats the value."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from handlers.opme.domain import DOMAIN
from handlers.opme.examples import MATERIAL, PROTESE, SOLICITACAO
from handlers.opme.requests import Material, Protese, Solicitacao
from handlers.opme.rules import material, protese, solicitacao
from tests.unit.opme.claims import QUOTATIONS, without


def test_domain_is_the_contract_s() -> None:
    assert (DOMAIN.key, DOMAIN.vhost) == ("opme", "fluxo_opme")
    paths = {event.name: event.path for event in DOMAIN.events}
    assert paths == {"solicitacao": "", "protese": "protese/", "material": "material/"}


@pytest.mark.parametrize(
    ("name", "rules"), [("solicitacao", solicitacao), ("protese", protese), ("material", material)]
)
def test_example_is_valid_and_complete(name: str, rules: Any) -> None:
    event = DOMAIN.event(name)
    assert event is not None
    avaliacao = rules.avaliar(event.request.model_validate(event.example))
    assert [a.id for a in avaliacao.achados] == [f"A{i + 1}" for i in range(len(avaliacao.achados))]
    assert avaliacao.calculos["completo"] is True


@pytest.mark.parametrize(
    ("model", "example", "required"),
    [
        (Solicitacao, SOLICITACAO, ["paciente", "justificativa_tecnica", "carater", "cid", "procedimento"]),
        (Protese, PROTESE, ["paciente", "justificativa_tecnica", "carater", "cid", "procedimento"]),
        (Material, MATERIAL, ["paciente", "uso_unico", "carater"]),
    ],
)
def test_required_fields(model: Any, example: dict[str, Any], required: list[str]) -> None:
    for field in required:
        with pytest.raises(ValidationError) as refusal:
            model.model_validate(without(example, field))
        assert [error["loc"] for error in refusal.value.errors()] == [(field,)]


@pytest.mark.parametrize(
    "changes",
    [
        {"justificativa_tecnica": "x" * 1001},
        {"especificacao_material": "x" * 501},
        {"carater": "qualquer"},
        {"cid": "16.1"},
        {"procedimento": "123456789"},
        {"registro_ans": "12345"},
        {"numero_guia": "1" * 21},
        {"itens": [{"opcao_fabricante": 4}]},
        {"itens": [{"opcao_fabricante": 0}]},
        {"itens": [{"quantidade": 0}]},
        {"itens": [{"valor_solicitado": "-1"}]},
        {"itens": [{"preco": 1}]},
        {"cotacoes": [{"cnpj": "80382997642905"}]},
        {"data_solicitacao": 1763251200},
    ],
)
def test_refusal_does_not_repeat_the_value(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Solicitacao.model_validate(SOLICITACAO | changes)
    text = str(refusal.value)
    assert "input_value" not in text
    assert SOLICITACAO["paciente"]["nome"] not in text


@pytest.mark.parametrize("length", [1, 1000])
def test_justification_up_to_a_thousand_characters(length: int) -> None:
    Solicitacao.model_validate(SOLICITACAO | {"justificativa_tecnica": "x" * length})


def test_the_alphanumeric_cnpj_is_accepted() -> None:
    claim = Solicitacao.model_validate(SOLICITACAO | {"cotacoes": [QUOTATIONS[0] | {"cnpj": "12.ABC.345/01DE-35"}]})
    assert claim.cotacoes is not None
    assert claim.cotacoes[0].cnpj == "12ABC34501DE35"
