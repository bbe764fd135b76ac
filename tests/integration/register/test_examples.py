"""Each event's own example through the register, and what its findings look like. On both databases."""

from __future__ import annotations

import re

import pytest

from handlers.ingestao.domain import DOMAIN
from tests.integration.register.loads import Loads, counted, csv_of

COUNTS = {
    "ingestao": {"inseridas": 2},
    "pacientes": {"inseridas": 2, "duplicadas": 1, "rejeitadas": 1},
    "medicos": {"inseridas": 2, "rejeitadas": 1},
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_example_of_an_event(loads: Loads, name: str) -> None:
    event = DOMAIN.event(name)
    assert event is not None
    body = dict(event.example)
    evaluation = loads.load(body.pop("arquivo"), name, body.pop("formato"), **body)
    assert counted(evaluation) == COUNTS[name]
    assert [found.id for found in evaluation.achados] == [f"A{n}" for n, _ in enumerate(evaluation.achados, 1)]
    for found in evaluation.achados:
        assert found.fonte.strip() and found.versao_regra.strip()
        assert re.fullmatch(r"[a-z0-9_]+", found.codigo) and found.descricao.endswith(".")


def test_findings_hold_counts_shares_and_a_few_line_numbers_and_no_value(loads: Loads) -> None:
    bad = [f"Fulana {n};;123.456.789-00;;;1990-01-31;F;" for n in range(70)]
    evaluation = loads.load(csv_of(*bad, "Ana Teste;;;;;1990-01-31;F;"))
    (largest,) = [found for found in evaluation.achados if found.codigo == "rejeitado_cpf_invalido"]
    assert largest.evidencia == {"quantidade": 70, "percentual": "98.59", "linhas": list(range(2, 22))}
    assert evaluation.calculos["rejeitado.cpf_invalido"] == 70
    text = evaluation.model_dump_json()
    assert not [value for value in ("Fulana", "Ana", "123.456", "1990") if value in text]


def test_an_empty_file_says_so(loads: Loads) -> None:
    evaluation = loads.load(csv_of())
    assert counted(evaluation) == {}
    assert "arquivo_sem_linhas" in [found.codigo for found in evaluation.achados]
