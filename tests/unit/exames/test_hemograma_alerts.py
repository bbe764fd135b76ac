from __future__ import annotations

import pytest

from handlers.exames.rules.hemograma.evaluation import avaliar
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.hemograma import TabelaHemograma
from tests.unit.exames.hemograms import NORMAL, codes, hemogram, with_values


@pytest.mark.parametrize(
    ("values", "code", "critical"),
    [
        ({"hemoglobina": "7.0"}, "critico_hemoglobina", True),
        ({"hemoglobina": "7.01"}, "critico_hemoglobina", False),
        ({"hemoglobina": "20.0"}, "critico_hemoglobina", True),
        ({"hemoglobina": "19.99"}, "critico_hemoglobina", False),
        ({"leucocitos": "2.0"}, "critico_leucocitos", True),
        ({"leucocitos": "2.01"}, "critico_leucocitos", False),
        ({"leucocitos": "30"}, "critico_leucocitos", True),
        ({"leucocitos": "29.99"}, "critico_leucocitos", False),
        ({"plaquetas": "20"}, "critico_plaquetas", True),
        ({"plaquetas": "21"}, "critico_plaquetas", False),
        ({"plaquetas": "1000"}, "critico_plaquetas", True),
        ({"plaquetas": "999"}, "critico_plaquetas", False),
        ({"neutrofilos_abs": "0.499"}, "critico_neutrofilos", True),
        ({"neutrofilos_abs": "0.5"}, "critico_neutrofilos", False),
        ({"blastos_pct": "1", "linfocitos_pct": "29"}, "critico_blastos", True),
        ({"blastos_pct": "0"}, "critico_blastos", False),
    ],
)
def test_critical_bounds(values: dict[str, str], code: str, critical: bool) -> None:
    assert (code in with_values(**values)) is critical


def test_a_hospitals_own_table_decides_what_is_critical() -> None:
    raw = HEMOGRAMA.current().model_dump()
    raw["criticos"]["plaquetas"] = {"baixo_le": "50"}
    raw["versao"] = "hospital-x-1"
    evaluation = avaliar(hemogram(values={"plaquetas": "40"}), TabelaHemograma.model_validate(raw))
    assert [f.codigo for f in evaluation.criticos] == ["critico_plaquetas"]
    assert evaluation.versoes_tabelas == {"hemograma": "hospital-x-1"}
    assert "critico_plaquetas" not in with_values(plaquetas="40")


@pytest.mark.parametrize(("low", "high"), [("20.1", "6000"), ("1", "999"), ("1", "1000")])
def test_a_hospital_cannot_make_its_own_critical_values_implausible(low: str, high: str) -> None:
    raw = HEMOGRAMA.current().model_dump()
    raw["plausibilidade"]["plaquetas"] = {"min": low, "max": high}
    with pytest.raises(ValueError, match="criticos.plaquetas"):
        TabelaHemograma.model_validate(raw)


@pytest.mark.parametrize(
    ("values", "code", "inconsistent"),
    [
        ({"vcm": "89.35"}, "inconsistencia_vcm", False),
        ({"vcm": "89.36"}, "inconsistencia_vcm", True),
        ({"hcm": "29.95"}, "inconsistencia_hcm", False),
        ({"hcm": "29.96"}, "inconsistencia_hcm", True),
        ({"chcm": "33.83"}, "inconsistencia_chcm", False),
        ({"chcm": "33.84"}, "inconsistencia_chcm", True),
        ({"linfocitos_pct": "32"}, "inconsistencia_soma_diferencial", False),
        ({"linfocitos_pct": "32.1"}, "inconsistencia_soma_diferencial", True),
        ({"linfocitos_pct": "28"}, "inconsistencia_soma_diferencial", False),
        ({"linfocitos_pct": "27.9"}, "inconsistencia_soma_diferencial", True),
        ({"hemoglobina": "14.874"}, "chcm_suspeito", False),
        ({"hemoglobina": "14.875"}, "chcm_suspeito", True),
        ({"neutrofilos_pct": "60", "neutrofilos_abs": "4.18"}, "inconsistencia_neutrofilos", False),
        ({"neutrofilos_pct": "60", "neutrofilos_abs": "4.19"}, "inconsistencia_neutrofilos", True),
    ],
)
def test_tolerances(values: dict[str, str], code: str, inconsistent: bool) -> None:
    found = with_values(**values)
    assert (code in found) is inconsistent
    assert ("amostra_inconsistente" in found) is inconsistent


def test_an_inconsistent_sample_is_not_interpreted_but_still_alerts() -> None:
    evaluation = avaliar(hemogram(values={"vcm": "60", "plaquetas": "12", "hemoglobina": "13.4"}))
    assert codes(evaluation) == {"critico_plaquetas", "inconsistencia_vcm", "amostra_inconsistente"}
    critical = evaluation.criticos[0]
    assert critical.evidencia["amostra_inconsistente"] is True
    assert "amostra inconsistente" in critical.descricao
    assert any("amostra inconsistente" in words for words in evaluation.nao_avaliado)


def test_the_rule_of_three_warns_without_blocking() -> None:
    found = with_values(sex="M", hemoglobina="15.0", hematocrito="41.9", hemacias="4.8")
    assert found == {"regra3_divergente"}
    assert with_values(sex="M", hemoglobina="15.0", hematocrito="42.0", hemacias="4.8") == set()


@pytest.mark.parametrize(("lymphocytes", "inconsistent"), [("2.9", False), ("3.0", True)])
def test_the_parts_cannot_exceed_the_whole(lymphocytes: str, inconsistent: bool) -> None:
    """6.8 leukocytes: up to 6.8 x 1.02 + 0.1 = 7.036 is rounding."""
    percentages = {name: None for name in NORMAL if name.endswith("_pct")}
    counts = {"neutrofilos_abs": "4.1", "linfocitos_abs": lymphocytes}
    evaluation = avaliar(hemogram(values=percentages | counts))
    assert ("inconsistencia_contagens_absolutas" in codes(evaluation)) is inconsistent
