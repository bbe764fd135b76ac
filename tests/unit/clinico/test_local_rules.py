"""The ward's response to NEWS2, contradictions, interactions and allergy groups of the hospital's pharmacy."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.clinico.rules import alta, consulta
from handlers.clinico.tables.sinais import TabelaSinais
from tests.unit.clinico.encounters import NORMAL, discharge, encounter, severities
from tests.unit.tables.copies import Supply, shipped

PHARMACY = {"versao": "farmacia-7", "fonte": "Comissão de Farmácia", "aprovada_por": "CFT", "aprovada_em": "2026-09-01"}
INTERACTIONS = PHARMACY | {
    "combinacoes": [
        {
            "substancias": ["sildenafila", "mononitrato de isossorbida"],
            "grau": "contraindicada",
            "conduta": "não administrar em conjunto",
            "fonte": "Bula",
        },
        {
            "substancias": ["losartana", "espironolactona", "ibuprofeno"],
            "grau": "grave",
            "conduta": "vigiar potássio e função renal",
            "fonte": "Bula",
        },
    ]
}
GROUPS = PHARMACY | {"grupos": [{"nome": "penicilinas", "substancias": ["amoxicilina", "ampicilina"]}]}


def drugs(*names: str) -> list[dict[str, str]]:
    return [{"nome": name} for name in names]


@pytest.mark.parametrize(
    ("changes", "minutes", "words"),
    [
        ({}, 720, "rotina"),
        ({"fr_irpm": 24}, 360, "enfermagem"),
        ({"consciencia": "V", "glasgow": 12}, 60, "equipe médica"),
        ({"fr_irpm": 24, "fc_bpm": 112, "pas_mmhg": 100}, 60, "urgente"),
        ({"fr_irpm": 30, "fc_bpm": 135, "pas_mmhg": 85}, 0, "emergência"),
    ],
)
def test_each_risk_has_its_response(changes: dict[str, Any], minutes: int, words: str) -> None:
    found = consulta.avaliar(encounter(sinais_vitais=NORMAL | changes))
    assert found.calculos["news2_reavaliar_em_min"] == minutes
    assert words in next(one.descricao for one in found.achados if one.codigo.startswith("news2_"))


def test_the_response_is_the_hospitals_and_the_score_is_not(in_force: Supply, tables: Any) -> None:
    content = shipped(tables, "clinico/resposta")
    content["condutas"]["alto"]["texto"] = "acionar o time de resposta rápida no ramal do plantão"
    in_force({"clinico/resposta": content})
    finding = next(one for one in consulta.avaliar(encounter()).achados if one.codigo == "news2_alto")
    assert "time de resposta rápida" in finding.descricao
    assert finding.versao_regra == "news2-2017-1"
    assert finding.evidencia["resposta"].startswith("hospital-x-1@")


@pytest.mark.parametrize(
    ("birth", "pregnant", "reason"),
    [("2012-01-01", "nao", "menor_de_16_anos"), ("1995-01-10", "sim", "gestante")],
)
def test_exclusion_is_coded(birth: str, pregnant: str, reason: str) -> None:
    found = consulta.avaliar(encounter({"data_nascimento": birth, "gestante": pregnant}))
    assert (found.calculos["news2"], found.calculos["news2_motivo"]) == ("nao_calculavel", reason)


@pytest.mark.parametrize(
    ("sign", "limits"),
    [
        ("spo2_pct", {"min": "84", "max": "100"}),
        ("fc_bpm", {"min": "0", "max": "130"}),
        ("temperatura_c", {"min": "35.1", "max": "45"}),
    ],
)
def test_a_hospital_cannot_refuse_the_signs_that_alert(tables: Any, sign: str, limits: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=sign):
        TabelaSinais.model_validate(shipped(tables, "clinico/sinais", **{sign: limits}))


@pytest.mark.parametrize(("changes", "warned"), [({"pas_mmhg": 80}, True), ({"pas_mmhg": 100}, False)])
def test_extreme_signs_in_a_pregnancy_are_not_passed_over(changes: dict[str, Any], warned: bool) -> None:
    patient = {"data_nascimento": "1995-01-10", "gestante": "sim"}
    found = severities(consulta.avaliar(encounter(patient, sinais_vitais=NORMAL | changes)))
    assert (found.get("sinais_extremos_gestante") == "atencao") is warned


@pytest.mark.parametrize(
    ("acvpu", "glasgow", "contradicts"),
    [("A", 15, False), ("A", 14, False), ("A", 13, True), ("U", 15, True), ("V", 14, False), ("C", 15, False)],
)
def test_two_scales_that_contradict(acvpu: str, glasgow: int, contradicts: bool) -> None:
    found = consulta.avaliar(encounter(sinais_vitais=NORMAL | {"consciencia": acvpu, "glasgow": glasgow}))
    assert ("consciencia_contraditoria" in severities(found)) is contradicts


@pytest.mark.parametrize(
    ("prescribed", "code"),
    [
        (("Sildenafila", "Mononitrato de isossorbida"), "interacao_contraindicada"),
        (("Losartana potássica", "Espironolactona", "Ibuprofeno"), "interacao_grave"),
        (("Losartana", "Espironolactona"), None),
        (("Sildenafila",), None),
    ],
)
def test_a_listed_combination(in_force: Supply, prescribed: tuple[str, ...], code: str | None) -> None:
    in_force({"clinico/interacoes": INTERACTIONS})
    for found in (
        consulta.avaliar(encounter(medicamentos=drugs(*prescribed), alergias=[])),
        alta.avaliar(discharge(prescricao_alta=drugs(*prescribed), alergias=[])),
    ):
        assert [c for c in severities(found) if c.startswith("interacao")] == ([code] if code else [])
        assert found.calculos["interacao"] == "avaliada_pela_tabela_do_hospital"
        assert any("fora dela nada se afirma" in line for line in found.nao_avaliado)


def test_one_row_is_not_two_drugs(in_force: Supply) -> None:
    in_force({"clinico/interacoes": INTERACTIONS})
    mixed = [{"nome": "Sildenafila", "dcb": "mononitrato de isossorbida"}]
    assert not [c for c in severities(consulta.avaliar(encounter(medicamentos=mixed))) if c.startswith("interacao")]


def test_the_allergy_group_of_the_hospital(in_force: Supply) -> None:
    request = encounter(medicamentos=drugs("Amoxicilina 500 mg"), alergias=["Ampicilina"])
    before = consulta.avaliar(request)
    assert "alergia_cruzada" not in severities(before)
    assert any(line.startswith("alergia cruzada") for line in before.nao_avaliado)
    in_force({"clinico/grupos_alergia": GROUPS})
    found = consulta.avaliar(request)
    assert severities(found)["alergia_cruzada"] == "atencao"
    assert found.versoes_tabelas["grupos_alergia"].startswith("farmacia-7@")
    by_group = consulta.avaliar(encounter(medicamentos=drugs("Amoxicilina"), alergias=["penicilinas"]))
    assert severities(by_group)["alergia_cruzada"] == "atencao"
    assert "alergia_cruzada" not in severities(consulta.avaliar(encounter(medicamentos=drugs("Losartana"))))


def test_without_a_prescription_interactions_stay_not_evaluated(in_force: Supply) -> None:
    in_force({"clinico/interacoes": INTERACTIONS})
    assert consulta.avaliar(encounter(medicamentos=None)).calculos["interacao"] == "nao_avaliada"
