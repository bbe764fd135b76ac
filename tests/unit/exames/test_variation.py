"""The change against the previous hemogram: limits, their window, their direction."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.exames.rules.hemograma.evaluation import avaliar
from tests.unit.exames.hemograms import codes, hemogram, line
from tests.unit.tables.copies import Supply, shipped


def before(when: str = "2026-11-17T08:00:00-03:00", **values: str) -> dict[str, Any]:
    return {"coleta_em": when, "resultados": [line(name, value) for name, value in values.items()]}


@pytest.mark.parametrize(
    ("parameter", "former", "code", "found"),
    [
        ("hemoglobina", "15.4", "queda_hemoglobina", True),
        ("hemoglobina", "15.39", "queda_hemoglobina", False),
        ("hemoglobina", "11.4", "queda_hemoglobina", False),
        ("plaquetas", "500", "queda_plaquetas", True),
        ("plaquetas", "499", "queda_plaquetas", False),
        ("plaquetas", "100", "queda_plaquetas", False),
    ],
)
def test_limits(parameter: str, former: str, code: str, found: bool) -> None:
    evaluation = avaliar(hemogram(anterior=before(**{parameter: former})))
    assert (code in codes(evaluation)) is found
    assert f"variacao_{parameter}" in evaluation.calculos


@pytest.mark.parametrize(("former", "found"), [("94.4", True), ("82.3", True), ("94.3", False)])
def test_a_change_of_volume_either_way_asks_whose_sample_it_is(former: str, found: bool) -> None:
    evaluation = avaliar(hemogram(values={"vcm": "88.35"}, anterior=before(vcm=former)))
    assert ("variacao_vcm" in codes(evaluation)) is found


@pytest.mark.parametrize(("when", "found"), [("2026-11-13T08:00:00-03:00", True), ("2026-11-13T07:59:59-03:00", False)])
def test_an_old_sample_says_nothing(when: str, found: bool) -> None:
    assert ("queda_hemoglobina" in codes(avaliar(hemogram(anterior=before(when, hemoglobina="16"))))) is found


def test_units_of_the_two_hemograms_may_differ() -> None:
    former = before() | {"resultados": [line("hemoglobina", "154", unidade="g/L")]}
    assert "queda_hemoglobina" in codes(avaliar(hemogram(anterior=former)))


def test_from_zero_there_is_no_share() -> None:
    assert "queda_plaquetas" not in codes(avaliar(hemogram(anterior=before(plaquetas="0"))))


def test_an_inconsistent_sample_is_not_compared() -> None:
    evaluation = avaliar(hemogram(values={"vcm": "60"}, anterior=before(hemoglobina="18")))
    assert "amostra_inconsistente" in codes(evaluation) and "queda_hemoglobina" not in codes(evaluation)


def test_the_limits_are_the_hospitals(in_force: Supply, tables: Any) -> None:
    content = shipped(tables, "exames/hemograma")
    content["variacao"]["limites"] = [
        {"parametro": "leucocitos", "sentido": "alta", "percentual": "100", "ate_dias": 3, "conduta": "rever infecção"}
    ]
    in_force({"exames/hemograma": content})
    found = codes(avaliar(hemogram(anterior=before(leucocitos="3.4", hemoglobina="18"))))
    assert "alta_leucocitos" in found and "queda_hemoglobina" not in found
