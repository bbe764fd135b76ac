"""The six worked cases of the clinical reference: exact findings and exact numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.hemograma.evaluation import avaliar
from shared.findings import Gravidade
from tests.unit.exames.hemograms import body, line

CASES = json.loads((Path(__file__).parent / "casos_hemograma.json").read_text(encoding="utf-8"), parse_float=Decimal)
WIRE = {
    "hb": "hemoglobina",
    "ht": "hematocrito",
    "rbc": "hemacias",
    "rdw": "rdw_cv",
    "leuco": "leucocitos",
    "plaq": "plaquetas",
    "seg": "segmentados_pct",
    "bast": "bastonetes_pct",
    "meta": "metamielocitos_pct",
    "mielo": "mielocitos_pct",
    "linf": "linfocitos_pct",
    "mono": "monocitos_pct",
    "eos": "eosinofilos_pct",
    "baso": "basofilos_pct",
}
CODES = {
    "mentzer>13": "mentzer_maior_13",
    "mentzer<13": "mentzer_menor_13",
    "excluir_pseudotrombocitopenia(lamina/citrato)": "excluir_pseudotrombocitopenia",
}


def request_of(case: dict[str, Any]) -> PedidoHemograma:
    lines = [line(WIRE[key], str(value)) for key, value in case.items() if key in WIRE]
    return PedidoHemograma.model_validate(body(lines, birth=f"{2026 - case['idade']}-01-15", sex=case["sexo"]))


def expected_codes(case: dict[str, Any]) -> set[str]:
    return {CODES.get(item, item).lower() for item in case["esperado"]} - {"sem_critico"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_exactly_the_expected_findings(case: dict[str, Any]) -> None:
    evaluation = avaliar(request_of(case))
    codes = [finding.codigo for finding in evaluation.achados]
    assert sorted(codes) == sorted(expected_codes(case))
    assert {f.codigo for f in evaluation.criticos} == {code for code in expected_codes(case) if "critico_" in code}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_exactly_the_expected_numbers(case: dict[str, Any]) -> None:
    calculated = avaliar(request_of(case)).calculos
    for name, number in case["calculado"].items():
        assert calculated[name] == Decimal(str(number)), name
    assert all(isinstance(number, Decimal) for number in calculated.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_finding_can_be_cited_and_traced(case: dict[str, Any]) -> None:
    evaluation = avaliar(request_of(case))
    assert [f.id for f in evaluation.achados] == [f"A{n}" for n in range(1, len(evaluation.achados) + 1)]
    ranks = [list(reversed(Gravidade)).index(f.gravidade) for f in evaluation.achados]
    assert ranks == sorted(ranks)
    assert all(f.fonte and f.versao_regra and f.evidencia for f in evaluation.achados)
    assert all(any(c.isdigit() for c in f.descricao) for f in evaluation.achados)
    assert evaluation.versoes_tabelas["hemograma"]
