"""Charlson: worked cases, hierarchies, age points, codes without a subcategory."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.clinico.rules import alta, consulta, internacao
from handlers.clinico.rules.charlson import avaliar_charlson, grupos_de, pontos_de_idade, sem_subcategoria
from handlers.clinico.tables import CHARLSON
from shared.findings import Avaliacao
from tests.unit.clinico.encounters import CASES, admission, discharge, encounter, severities


@pytest.mark.parametrize("case", CASES["charlson"])
def test_worked_case(case: dict[str, Any]) -> None:
    saida = Avaliacao()
    avaliar_charlson(case["cids"], "cids", case["idade"], saida)
    assert grupos_de(case["cids"]) == case["grupos"]
    assert saida.calculos["charlson"] == case["charlson"]
    assert saida.calculos["charlson_pontos_idade"] == case["pontos_idade"]
    assert saida.calculos["charlson_ajustado"] == case["ajustado"]


@pytest.mark.parametrize(
    ("age", "points"),
    [(0, 0), (49, 0), (50, 1), (59, 1), (60, 2), (69, 2), (70, 3), (79, 3), (80, 4), (89, 4), (90, 4), (104, 4)],
)
def test_age_points(age: int, points: int) -> None:
    assert pontos_de_idade(age) == points


@pytest.mark.parametrize(
    ("severe", "mild"), [("metastase", "neoplasia"), ("figado_grave", "figado_leve"), ("dm_com", "dm_sem")]
)
def test_the_severe_form_supersedes_the_mild(severe: str, mild: str) -> None:
    first = {name: CHARLSON.current().grupos[name].prefixos[0] for name in (severe, mild)}
    assert grupos_de([first[mild]]) == [mild]
    assert grupos_de([first[mild], first[severe]]) == [severe]


def test_every_prefix_leads_to_its_own_group_only() -> None:
    for name, group in CHARLSON.current().grupos.items():
        for prefix in group.prefixos:
            assert grupos_de([prefix]) == [name]


@pytest.mark.parametrize(("cid", "groups"), [("I50.9", ["icc"]), ("I10", []), ("E11.7", ["dm_com"]), ("E11", [])])
def test_prefix_match(cid: str, groups: list[str]) -> None:
    assert grupos_de([cid]) == groups


def test_one_group_counts_once() -> None:
    saida = Avaliacao()
    avaliar_charlson(["J44.9", "J45.0", "J44.0"], "cids", 40, saida)
    assert saida.calculos["charlson"] == 1


def test_three_characters_that_cannot_be_placed_are_reported() -> None:
    assert sem_subcategoria(["E11", "E11.9", "I10", "I50", "K70"]) == ["E11", "K70"]
    assert severities(consulta.avaliar(encounter(cids=["E11"])))["cid_sem_subcategoria"] == "info"


@pytest.mark.parametrize(
    ("avaliacao", "field"),
    [
        (consulta.avaliar(encounter(cids=None)), "cids"),
        (internacao.avaliar(admission(cids_secundarios=None)), "cids_secundarios"),
        (alta.avaliar(discharge(cids_secundarios=None)), "cids_secundarios"),
    ],
)
def test_unknown_comorbidities_are_not_none(avaliacao: Avaliacao, field: str) -> None:
    assert avaliacao.calculos["charlson"] == "nao_calculavel"
    assert avaliacao.dados_faltantes.count(field) == 1


def test_stated_absence_of_diagnoses_is_zero() -> None:
    assert consulta.avaliar(encounter(cids=[])).calculos["charlson"] == 0


def test_admission_counts_principal_and_secondary_diagnoses() -> None:
    avaliacao = internacao.avaliar(admission(cid_principal="I21.9", cids_secundarios=["E11.9", "J44.9"]))
    assert avaliacao.calculos["charlson"] == 3
