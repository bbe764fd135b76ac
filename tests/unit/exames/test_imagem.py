from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.exames.domain import DOMAIN
from handlers.exames.requests.imagem import PedidoImagem
from handlers.exames.rules.imagem import avaliar
from handlers.exames.rules.imaging.renal import ckd_epi_2021
from handlers.exames.tables import IMAGEM
from handlers.exames.tables.imagem import TabelaImagem
from shared.errors import RulesFailed

EVENT = DOMAIN.event("imagem")
assert EVENT is not None
# eGFR of this patient (woman, 45 years) by CKD-EPI 2021: 1.4 -> 46.9; 1.5 -> 43.2; 2.0 -> 30.6; 2.1 -> 29.1
BASE: dict[str, Any] = {**EVENT.example, "tipo_exame": "tc"}


def order(patient: dict[str, Any] | None = None, **more: Any) -> PedidoImagem:
    """The example order, changed; None removes a field."""
    merged = {**BASE, **more, "paciente": {**BASE["paciente"], **(patient or {})}}
    merged["paciente"] = {key: value for key, value in merged["paciente"].items() if value is not None}
    return PedidoImagem.model_validate({key: value for key, value in merged.items() if value is not None})


def codes(request: PedidoImagem, table: TabelaImagem | None = None) -> set[str]:
    return {finding.codigo for finding in avaliar(request, table).achados}


@pytest.mark.parametrize(("creatinine", "age", "sex", "egfr"), [("0.9", 55, "F", "75.5"), ("1.0", 50, "M", "91.69")])
def test_ckd_epi_worked_cases(creatinine: str, age: int, sex: Any, egfr: str) -> None:
    value = ckd_epi_2021(Decimal(creatinine), age, sex)
    assert abs(value - Decimal(egfr)) < Decimal("0.01")


@pytest.mark.parametrize(
    ("name", "kind", "dicom", "ionising"),
    [
        ("rx", "rx", "DX/CR", True),
        ("TC", "tc", "CT", True),
        ("Ressonância", "rm", "MR", False),
        ("us", "us", "US", False),
        ("mamografia", "mamografia", "MG", True),
        ("cintilografia", "cintilografia", "NM", True),
        ("pet", "pet", "PT", True),
        ("angiografia", "angiografia", "XA", True),
        ("fluoroscopia", "fluoroscopia", "RF", True),
        ("densitometria", "densitometria", "BMD", True),
    ],
)
def test_modalities(name: str, kind: str, dicom: str, ionising: bool) -> None:
    request = order(tipo_exame=name)
    assert request.tipo_exame == kind
    calculated = avaliar(request).calculos
    assert (calculated["modalidade_dicom"], calculated["ionizante"]) == (dicom, ionising)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"tipo_exame": "telepatia"}, ("tipo_exame",)),
        ({"contraste": "bario"}, ("contraste",)),
        ({"creatinina_mg_dl": "88"}, ("creatinina_mg_dl",)),
        ({"creatinina_em": "2026-11-19T07:30:00"}, ("creatinina_em",)),
        ({"solicitado_em": "1970-01-01T00:00:00-03:00"}, ("solicitado_em",)),
        (
            {"dispositivos": [{"descricao": "marca-passo", "seguranca_rm": "talvez"}]},
            ("dispositivos", 0, "seguranca_rm"),
        ),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], path: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as refusal:
        order(**change)
    assert [error["loc"] for error in refusal.value.errors()] == [path]
    assert "telepatia" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"creatinina_mg_dl": "1.4"}, None),
        ({"creatinina_mg_dl": "1.5"}, "individualizar_contraste_iodado"),
        ({"creatinina_mg_dl": "2.0"}, "individualizar_contraste_iodado"),
        ({"creatinina_mg_dl": "2.1"}, "profilaxia_contraste_iodado"),
        ({"creatinina_mg_dl": "0.8", "ira_aguda": True}, "profilaxia_contraste_iodado"),
        ({"creatinina_mg_dl": None, "ira_aguda": True}, "profilaxia_contraste_iodado"),
        ({"creatinina_mg_dl": "5.0", "dialise": True}, None),
        ({"creatinina_mg_dl": "5.0", "contraste": "nenhum"}, None),
    ],
)
def test_iodinated_contrast_and_the_kidney(change: dict[str, Any], code: str | None) -> None:
    assert codes(order(metformina=False, **change)) == ({code} if code else set())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"creatinina_mg_dl": "2.0"}, "metformina_manter"),
        ({"creatinina_mg_dl": "2.1"}, "metformina_suspender"),
        ({"creatinina_mg_dl": "0.8", "ira_aguda": True}, "metformina_suspender"),
        ({"creatinina_mg_dl": "0.8", "dialise": True}, "metformina_suspender"),
        ({"creatinina_mg_dl": None, "dialise": True}, "metformina_suspender"),
        ({"creatinina_mg_dl": "0.8", "contraste": "iodado_ia", "tipo_exame": "angiografia"}, "metformina_suspender"),
        ({"creatinina_mg_dl": None}, None),
        ({"creatinina_mg_dl": "0.8", "ira_aguda": None}, None),
        ({"creatinina_mg_dl": "2.1", "metformina": False}, None),
        ({"creatinina_mg_dl": "2.1", "contraste": "nenhum"}, None),
    ],
)
def test_metformin(change: dict[str, Any], code: str | None) -> None:
    assert {c for c in codes(order(**change)) if c.startswith("metformina")} == ({code} if code else set())


def test_a_hospital_may_follow_the_stricter_metformin_profile() -> None:
    raw = IMAGEM.current().model_dump()
    raw["metformina"]["perfil"] = "fda_ue"
    assert "metformina_suspender" in codes(order(creatinina_mg_dl="1.4"), TabelaImagem.model_validate(raw))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"contraste": "gadolinio_g1"}, "gadolinio_g1_contraindicado"),
        ({"contraste": "gadolinio_g2"}, "gadolinio_g2_permitido"),
        ({"contraste": "gadolinio_g3"}, "gadolinio_g3_ponderar"),
        ({"contraste": "gadolinio_g1", "creatinina_mg_dl": "2.0"}, None),
        ({"contraste": "gadolinio_g1", "creatinina_mg_dl": "0.8", "ira_aguda": True}, "gadolinio_g1_contraindicado"),
        ({"contraste": "gadolinio_g1", "creatinina_mg_dl": None, "dialise": True}, "gadolinio_g1_contraindicado"),
    ],
)
def test_gadolinium_groups(change: dict[str, Any], code: str | None) -> None:
    evaluation = avaliar(order(tipo_exame="rm", **change))
    assert {f.codigo for f in evaluation.achados} == ({code} if code else set())
    assert bool(evaluation.criticos) is (code == "gadolinio_g1_contraindicado")


@pytest.mark.parametrize(
    ("kind", "medium", "wrong"),
    [
        ("tc", "gadolinio_g2", True),
        ("rm", "iodado_iv", True),
        ("us", "iodado_iv", True),
        ("tc", "iodado_iv", False),
        ("rm", "gadolinio_g2", False),
    ],
)
def test_a_medium_that_does_not_belong_to_the_modality(kind: str, medium: str, wrong: bool) -> None:
    assert ("contraste_incompativel_modalidade" in codes(order(tipo_exame=kind, contraste=medium))) is wrong


@pytest.mark.parametrize(
    ("patient", "kind", "asked"),
    [
        ({"gestante": None}, "tc", True),
        ({"gestante": "desconhecido"}, "tc", True),
        ({"gestante": "nao"}, "tc", False),
        ({"gestante": None}, "us", False),
        ({"gestante": None, "sexo": "M"}, "tc", False),
        ({"gestante": None, "data_nascimento": "2016-11-20"}, "tc", True),
        ({"gestante": None, "data_nascimento": "2016-11-21"}, "tc", False),
        ({"gestante": None, "data_nascimento": "1970-11-21"}, "tc", True),
        ({"gestante": None, "data_nascimento": "1970-11-20"}, "tc", False),
    ],
)
def test_pregnancy_is_asked_before_radiation(patient: dict[str, Any], kind: str, asked: bool) -> None:
    evaluation = avaliar(order(patient, tipo_exame=kind, contraste="nenhum"))
    assert ("paciente.gestante" in evaluation.dados_faltantes) is asked


@pytest.mark.parametrize(("medium", "asked"), [("gadolinio_g2", True), ("nenhum", False)])
def test_pregnancy_is_asked_before_gadolinium(medium: str, asked: bool) -> None:
    evaluation = avaliar(order({"gestante": None}, tipo_exame="rm", contraste=medium))
    assert ("paciente.gestante" in evaluation.dados_faltantes) is asked


@pytest.mark.parametrize(
    ("patient", "odd"),
    [({"sexo": "M"}, True), ({"data_nascimento": "1966-03-14"}, True), ({}, False), ({"gestante": "nao"}, False)],
)
def test_a_pregnancy_that_fits_neither_sex_nor_age_is_named(patient: dict[str, Any], odd: bool) -> None:
    found = codes(order({"gestante": "sim"} | patient))
    assert ("gestacao_contraditoria" in found) is odd
    assert ("gestante_radiacao_revisao_humana" in found) is (patient.get("gestante") != "nao")


def test_without_any_date_the_age_is_not_guessed() -> None:
    evaluation = avaliar(order({"gestante": None}, solicitado_em=None, creatinina_em=None))
    assert {"paciente.gestante", "creatinina_em"} <= set(evaluation.dados_faltantes)
    assert "tfg_ml_min_1_73m2" not in evaluation.calculos


def test_a_pregnant_patient_goes_to_a_person_and_is_never_denied() -> None:
    finding = next(
        f for f in avaliar(order({"gestante": "sim"})).achados if f.codigo == "gestante_radiacao_revisao_humana"
    )
    assert "revisão humana" in finding.descricao
    assert "gestante_radiacao_revisao_humana" not in codes(order({"gestante": "sim"}, tipo_exame="us"))


@pytest.mark.parametrize(
    ("device", "code"),
    [
        ({"descricao": "clipe", "seguranca_rm": "seguro"}, "implante_seguro_rm"),
        ({"descricao": "clipe", "seguranca_rm": "condicional"}, "implante_condicional_rm"),
        ({"descricao": "clipe", "seguranca_rm": "inseguro"}, "implante_inseguro_rm"),
        ({"descricao": "clipe"}, "implante_desconhecido_rm"),
        ("marca-passo série 998877", "implante_desconhecido_rm"),
    ],
)
def test_implants_in_the_magnet(device: Any, code: str) -> None:
    evaluation = avaliar(order(tipo_exame="rm", contraste="nenhum", dispositivos=[device]))
    assert [f.codigo for f in evaluation.achados] == [code]
    assert bool(evaluation.criticos) is (code == "implante_inseguro_rm")
    assert "998877" not in evaluation.model_dump_json()
    assert codes(order(tipo_exame="tc", contraste="nenhum", dispositivos=[device])) == set()


def test_devices_nobody_asked_about_are_missing() -> None:
    assert "dispositivos" in avaliar(order(tipo_exame="rm", dispositivos=None)).dados_faltantes
    assert "dispositivos" not in avaliar(order(tipo_exame="rm", dispositivos=[])).dados_faltantes
    assert "dispositivos" not in avaliar(order(tipo_exame="tc", dispositivos=None)).dados_faltantes


def test_what_contrast_needs_is_listed_only_with_contrast() -> None:
    unknown = {
        "creatinina_mg_dl": None,
        "ira_aguda": None,
        "dialise": None,
        "metformina": None,
        "alergia_contraste": None,
    }
    assert set(avaliar(order(**unknown)).dados_faltantes) == set(unknown)
    assert avaliar(order(contraste="nenhum", **unknown)).dados_faltantes == []
    assert "metformina" not in avaliar(order(tipo_exame="rm", contraste="gadolinio_g2", **unknown)).dados_faltantes


def test_children_by_height() -> None:
    child = {"data_nascimento": "2016-11-19", "altura_cm": "140"}
    evaluation = avaliar(order(child, creatinina_mg_dl="0.5"))
    assert evaluation.calculos["tfg_ml_min_1_73m2"] == Decimal("115.64")
    without = avaliar(order({**child, "altura_cm": None}, creatinina_mg_dl="0.5"))
    assert "paciente.altura_cm" in without.dados_faltantes


def test_allergy_to_contrast_goes_to_a_person() -> None:
    assert "alergia_contraste" in codes(order(alergia_contraste=True))
    assert "alergia_contraste" not in codes(order(alergia_contraste=True, contraste="nenhum"))


@pytest.mark.parametrize(("kind", "open_question"), [("tc", True), ("rm", True), ("us", False), ("mamografia", False)])
def test_contrast_that_nobody_mentioned_is_not_no_contrast(kind: str, open_question: bool) -> None:
    evaluation = avaliar(order(tipo_exame=kind, contraste=None, alergia_contraste=True))
    assert ("contraste" in evaluation.dados_faltantes) is open_question
    assert any("Segurança do contraste" in line for line in evaluation.nao_avaliado) is open_question
    assert "alergia_contraste" in {finding.codigo for finding in evaluation.achados}


def test_metformin_is_held_after_the_contrast_and_the_filtration_is_not_rounded_to_the_limit() -> None:
    evaluation = avaliar(order({"data_nascimento": "1955-01-01", "sexo": "M"}, creatinina_mg_dl="2.277"))
    (found,) = [f for f in evaluation.achados if f.codigo == "metformina_suspender"]
    assert found.descricao == (
        "Em uso de metformina, TFG 29,98 mL/min/1,73 m²: suspender antes ou no momento do contraste, "
        "manter suspensa por 48 h depois dele e reiniciar só após reavaliar a função renal."
    )


@pytest.mark.parametrize(("birth", "said"), [("2025-11-19", False), ("2025-11-21", True)])
def test_schwartz_before_the_first_birthday_says_that_it_was_not_fitted_there(birth: str, said: bool) -> None:
    evaluation = avaliar(order({"data_nascimento": birth, "altura_cm": "70"}, creatinina_mg_dl="0.3"))
    assert "tfg_ml_min_1_73m2" in evaluation.calculos
    assert any("Schwartz" in line for line in evaluation.nao_avaliado) is said


def test_a_modality_outside_the_hospitals_table_fails_with_a_reason() -> None:
    raw = IMAGEM.current().model_dump()
    raw["modalidades"] = [row for row in raw["modalidades"] if row["tipo"] != "tc"]
    with pytest.raises(RulesFailed, match="tabela de modalidades"):
        avaliar(order(), TabelaImagem.model_validate(raw))
