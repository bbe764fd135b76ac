from __future__ import annotations

import pytest

from handlers.exames.rules.hemograma.evaluation import avaliar
from tests.unit.exames.hemograms import codes, hemogram, with_values


@pytest.mark.parametrize(
    ("birth", "sex", "hemoglobin", "grade"),
    [
        ("2026-05-20", "F", "10.4", "leve"),
        ("2026-05-20", "F", "10.5", None),
        ("2026-05-20", "M", "9.4", "moderada"),
        ("2024-11-20", "M", "10.9", "leve"),
        ("2024-11-21", "M", "10.9", None),
        ("2021-11-20", "M", "11.4", "leve"),
        ("2021-11-21", "M", "11.4", None),
        ("2014-11-20", "F", "11.9", "leve"),
        ("2014-11-20", "F", "12.0", None),
        ("2011-11-20", "M", "12.9", "leve"),
        ("2011-11-21", "M", "12.9", None),
        ("1990-01-01", "F", "11.99", "leve"),
        ("1990-01-01", "F", "12.0", None),
        ("1990-01-01", "M", "13.0", None),
        ("1990-01-01", "M", "10.99", "moderada"),
        ("1990-01-01", "F", "8.0", "moderada"),
        ("1990-01-01", "F", "7.99", "grave"),
    ],
)
def test_anaemia_by_age_and_sex(birth: str, sex: str, hemoglobin: str, grade: str | None) -> None:
    red = {"hemacias": None, "hematocrito": None, "rdw_cv": None}
    found = {c for c in with_values(birth, sex, hemoglobina=hemoglobin, **red) if c.startswith("anemia")}
    assert found == ({f"anemia_{grade}"} if grade else set())


@pytest.mark.parametrize(
    ("weeks", "hemoglobin", "code"),
    [
        (13, "10.9", "anemia_leve"),
        (14, "10.9", None),
        (14, "10.4", "anemia_leve"),
        (27, "9.4", "anemia_moderada"),
        (28, "10.9", "anemia_leve"),
        (28, "9.9", "anemia_moderada"),
        (20, "6.99", "anemia_grave"),
        (None, "10.9", "anemia_a_classificar"),
        (None, "9.0", "anemia_moderada"),
        (None, "11.0", None),
    ],
)
def test_anaemia_in_pregnancy(weeks: int | None, hemoglobin: str, code: str | None) -> None:
    patient = {"gestante": "sim", **({} if weeks is None else {"idade_gestacional_sem": weeks})}
    red = {"hemacias": None, "hematocrito": None, "rdw_cv": None}
    evaluation = avaliar(hemogram(values={"hemoglobina": hemoglobin, **red}, patient=patient))
    assert {c for c in codes(evaluation) if c.startswith("anemia")} == ({code} if code else set())
    assert ("paciente.idade_gestacional_sem" in evaluation.dados_faltantes) is (code == "anemia_a_classificar")


@pytest.mark.parametrize("patient", [{"sexo": "M"}, {"data_nascimento": "1949-01-10"}])
def test_a_pregnancy_that_fits_neither_sex_nor_age_hides_no_anaemia(patient: dict[str, str]) -> None:
    red = {"hemacias": None, "hematocrito": None, "rdw_cv": None}
    stated = {"gestante": "sim", "data_nascimento": "1990-01-01", "sexo": "F"} | patient
    found = codes(avaliar(hemogram(values={"hemoglobina": "11.5", **red}, patient=stated)))
    assert {"anemia_leve", "gestacao_contraditoria"} <= set(found)


@pytest.mark.parametrize(("pregnancy", "assumed"), [(None, True), ("desconhecido", True), ("nao", False)])
def test_a_grade_that_assumes_no_pregnancy_says_so(pregnancy: str | None, assumed: bool) -> None:
    patient = {} if pregnancy is None else {"gestante": pregnancy}
    evaluation = avaliar(hemogram(values={"hemoglobina": "11.5", "hematocrito": "34.5"}, patient=patient))
    (found,) = [f for f in evaluation.achados if f.codigo == "anemia_leve"]
    assert found.descricao.endswith("o grau supõe que não haja.") is assumed


def test_unknown_pregnancy_is_missing_only_where_it_changes_the_answer() -> None:
    def missing(**patient: str) -> bool:
        request = hemogram(values={"hemoglobina": "11.5", "hematocrito": "34.5", "hemacias": "4.0"}, patient=patient)
        return "paciente.gestante" in avaliar(request).dados_faltantes

    assert missing()
    assert missing(gestante="desconhecido")
    assert not missing(gestante="nao")
    assert "paciente.gestante" not in avaliar(hemogram()).dados_faltantes
