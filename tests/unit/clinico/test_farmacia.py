"""Allergies and duplicates: what matches, what nearly does, and what is never asserted."""

from __future__ import annotations

import pytest

from handlers.clinico.requests import Medicamento
from handlers.clinico.rules import alta, consulta
from handlers.clinico.rules.farmacia import coincidencia
from tests.unit.clinico.encounters import discharge, encounter, severities


@pytest.mark.parametrize(
    ("nome", "dcb", "allergy", "match"),
    [
        ("Dipirona", None, "dipirona", "exata"),
        ("ÁCIDO  Acetilsalicílico", None, "acido acetilsalicilico", "exata"),
        ("Novalgina", "dipirona", "DIPIRONA", "exata"),
        ("Dipirona 500 mg", None, "dipirona", "exata"),
        ("Dipirona 1g/2mL solução injetável", None, "dipirona", "exata"),
        ("Novalgina", "dipirona 500mg/mL gotas", "Dipirona 1 g comprimido", "exata"),
        ("Amoxicilina 875 mg + Clavulanato 125 mg", None, "amoxicilina", "exata"),
        ("Benzilpenicilina 1.200.000 UI", None, "benzilpenicilina", "exata"),
        ("Penicilina G", None, "penicilina", "possivel"),
        ("Ômega 3", None, "ômega 6", None),
        ("500 mg", None, "1 g", None),
        ("Dipirona sódica", None, "dipirona", "possivel"),
        ("Dipirona", None, "dipirona sódica", "possivel"),
        ("Dipirona", None, "alergia a dipirona (urticária)", "possivel"),
        ("Losartana", "losartana potássica", "dipirona", None),
        ("Sal de reidratação", None, "sal", None),
        ("AAS Protect", None, "AAS", "possivel"),
        ("Insulina IV", None, "iv", None),
        ("Penicilinato", None, "penicilina", None),
        ("Dipirona", None, "...", None),
    ],
)
def test_match(nome: str, dcb: str | None, allergy: str, match: str | None) -> None:
    assert coincidencia(Medicamento(nome=nome, dcb=dcb), allergy) == match


def test_an_exact_match_is_critical_at_the_encounter_and_at_discharge() -> None:
    drugs = [{"nome": "Novalgina", "dcb": "Dipirona"}]
    for found in (
        consulta.avaliar(encounter(medicamentos=drugs, alergias=["dipirona"])),
        alta.avaliar(discharge(prescricao_alta=drugs, alergias=["dipirona"])),
    ):
        assert severities(found)["alergia_medicamento"] == "critico"


def test_a_near_name_asks_for_confirmation() -> None:
    found = consulta.avaliar(encounter(medicamentos=[{"nome": "Dipirona sódica"}], alergias=["dipirona"]))
    assert severities(found)["alergia_possivel"] == "atencao"
    assert "alergia_medicamento" not in severities(found)


@pytest.mark.parametrize(("dcb", "said"), [(None, True), ("dipirona", False)])
def test_a_trade_name_without_its_substance_is_said_to_be_compared_by_name_only(dcb: str | None, said: bool) -> None:
    found = consulta.avaliar(encounter(medicamentos=[{"nome": "Novalgina", "dcb": dcb}], alergias=["dipirona"]))
    assert any("sem dcb" in words for words in found.nao_avaliado) is said
    assert ("alergia_medicamento" in severities(found)) is not said


@pytest.mark.parametrize("field", ["alergias", "medicamentos"])
def test_not_informed_is_not_the_same_as_none(field: str) -> None:
    unknown, stated = consulta.avaliar(encounter(**{field: None})), consulta.avaliar(encounter(**{field: []}))
    assert field in unknown.dados_faltantes
    assert unknown.calculos["alergias_confrontadas"] is False
    assert field not in stated.dados_faltantes
    assert stated.calculos["alergias_confrontadas"] is True


@pytest.mark.parametrize(
    ("drugs", "pairs"),
    [
        ([{"nome": "Novalgina", "dcb": "dipirona"}, {"nome": "DIPIRONA"}], 1),
        ([{"nome": "Dipirona"}, {"nome": "dipirona"}, {"nome": "Dipirona"}], 3),
        ([{"nome": "Losartana"}, {"nome": "Metformina"}], 0),
        ([{"nome": "Paracetamol 750 mg"}, {"nome": "Codeína + paracetamol"}], 1),
    ],
)
def test_duplicates(drugs: list[dict[str, str]], pairs: int) -> None:
    found = consulta.avaliar(encounter(medicamentos=drugs, alergias=[]))
    assert [a.codigo for a in found.achados].count("prescricao_duplicada") == pairs


@pytest.mark.parametrize(
    ("first", "second", "possible"),
    [
        ({"nome": "Losartana 50 mg"}, {"nome": "Losartana potássica 50 mg"}, True),
        ({"nome": "Cozaar", "dcb": "losartana potássica"}, {"nome": "Losartana"}, True),
        ({"nome": "Insulina NPH"}, {"nome": "Insulina regular"}, False),
        ({"nome": "Losartana"}, {"nome": "LOSARTANA 100 mg"}, False),  # certain, not possible
    ],
)
def test_a_drug_and_its_salt_are_a_possible_duplicate(
    first: dict[str, str], second: dict[str, str], possible: bool
) -> None:
    found = severities(consulta.avaliar(encounter(medicamentos=[first, second], alergias=[])))
    assert found.get("duplicidade_possivel") == ("atencao" if possible else None)


def test_interactions_are_declared_as_not_evaluated() -> None:
    assert "interacao: nao_avaliada" in consulta.avaliar(encounter()).nao_avaliado
    assert "interacao: nao_avaliada" in alta.avaliar(discharge()).nao_avaliado
