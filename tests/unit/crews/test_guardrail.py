"""What an opinion may say, and what gets it sent back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from handlers.crew_runtime.guardrail import CitationRules, citations, sentences
from shared.findings import Avaliacao, Gravidade
from tests.unit.crews.support import finding

EVALUATION = Avaliacao(
    achados=[
        finding(1, Gravidade.CRITICO, "Hemoglobina de 6,8 g/dL, abaixo de 7,0 g/dL.", hemoglobina="6.8"),
        finding(2, Gravidade.ATENCAO, "Plaquetas de 18 mil/mm³ no item itens[0].x; NEWS2 citado.", plaquetas=18),
        finding(3, Gravidade.INFO, "Leucócitos de 150000 por mm³.", leucocitos=150000),
    ],
    calculos={"vcm_calculado": Decimal("72.40"), "quantidade_maxima[0408]": 2},
)
RULES = CitationRules(EVALUATION)
CRITICAL = "Há anemia grave [A1]."


@pytest.mark.parametrize(
    "text",
    [
        "Hemoglobina de 6,8 g/dL [A1].",
        "Hemoglobina de 6.80 g/dL [A1].",
        "Hemoglobina baixa. [A1]",
        "Hemoglobina baixa. [A1] [A2] Plaquetas em 18 mil [A2].",
        f"{CRITICAL} VCM calculado de 72,4 fL [C:vcm_calculado].",
        f"{CRITICAL} Máximo de 2 [C:quantidade_maxima[0408]].",
        f"{CRITICAL}\n- Plaquetas de 18 mil/mm³ [A2]",
        f"{CRITICAL} Ver itens[0].x [A2].",
        f"{CRITICAL} O NEWS2 foi citado, p. ex. neste caso [A2].",
        f"{CRITICAL} Leucócitos de 150.000 [A3].",
        f"{CRITICAL} Valores de 6,8 e 18 [A1] [A2].",
    ],
)
def test_accepts_what_the_cited_facts_hold(text: str) -> None:
    assert RULES.faults(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Hemoglobina de 8,6 g/dL [A1].", "8,6"),
        ("Hemoglobina de 68 g/dL [A1].", "68"),
        ("Hb6,9 neste caso [A1].", "Hb6,9"),
        ("Hemoglobina de 6,9g/dL [A1].", "6,9"),
        (f"{CRITICAL} Plaquetas de 18 mil [A1].", "18"),
        (f"{CRITICAL} Plaquetas de 18.000 [A2].", "18.000"),
        (f"{CRITICAL} Leucócitos de 150 mil [A3].", "150"),
        (f"{CRITICAL} Hemoglobina caiu sete pontos [A1].", "sete"),
        (f"{CRITICAL} VCM de 73,4 [C:vcm_calculado].", "73,4"),
        (f"{CRITICAL} Vitamina B12 baixa [A1].", "B12"),
        (f"{CRITICAL} Provável leucemia.", "sem citação"),
        (f"{CRITICAL} também há leucemia. Fim [A1].", "sem citação"),
        (f"Resumo\n{CRITICAL}", "sem citação"),
        (f"{CRITICAL} Outra coisa [A9].", "não existe"),
        (f"{CRITICAL} Outra coisa [C:inventado].", "não existe"),
        ("Plaquetas de 18 mil [A2].", "críticos não mencionados: A1"),
        ("", "não cita nenhum achado"),
    ],
)
def test_sends_back_what_they_do_not(text: str, fault: str) -> None:
    assert fault in "; ".join(RULES.faults(text))


def test_faults_are_numbered_by_sentence() -> None:
    assert RULES.faults(f"{CRITICAL}\nSem lastro.")[0].startswith("frase 2 ")


def test_citations_come_in_order_and_once() -> None:
    assert citations("Um [A2]. Dois [A1] [C:x]. Três [A2].") == ["A2", "A1"]


def test_a_citation_after_the_stop_belongs_to_its_sentence() -> None:
    assert sentences("Um. [A1] Dois [A2].") == ["Um [A1].", "Dois [A2]."]
