"""How faults are counted, worded and bounded. What each sentence may say: test_labelled_sentences.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NoReturn

import pytest

from handlers.crew_runtime.faults import Fault, FaultKind
from handlers.crew_runtime.guardrail import CitationRules, OpinionGuardrail
from handlers.crew_runtime.lexicon import Forbidden
from shared.clinical.citations import citations, sentences
from shared.findings import Avaliacao, Gravidade
from tests.unit.crews.support import evaluation_with, finding

RULES = CitationRules(evaluation_with("6.8"))
CRITICAL = "Hemoglobina em valor crítico [A1]."


def kinds(rules: CitationRules, text: str) -> list[FaultKind]:
    return [fault.kind for fault in rules.faults(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Hemoglobina de 6.8 g/dL. [A1]",
        "Hemoglobina em valor crítico. [A1] [A2] VCM de 71,2 fL [A2].",
        f"{CRITICAL}\n- VCM de 71,2 fL [A2]",
        f"{CRITICAL} Valores de 6,8 e 71,2 [A1] [A2].",
    ],
)
def test_accepts_every_place_of_a_citation(text: str) -> None:
    assert RULES.faults(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("VCM de 71,2 fL [A2].", FaultKind.CRITICAL_MISSING),
        ("", FaultKind.UNCITED),
        (f"{CRITICAL} também há leucemia. Fim [A1].", FaultKind.UNCITED),
        (f"Resumo\n{CRITICAL}", FaultKind.UNCITED),
        (f"{CRITICAL} VCM de 71,2 fL [A1].", FaultKind.NUMBER),
    ],
)
def test_sends_back_what_is_incomplete_or_cited_wrongly(text: str, kind: FaultKind) -> None:
    assert kind in kinds(RULES, text)


def test_faults_are_numbered_by_sentence_and_worded_for_the_model() -> None:
    assert str(RULES.faults(f"{CRITICAL}\nSem lastro.")[0]) == "frase 2 sem citação"
    assert str(RULES.faults("VCM de 71,2 fL [A2].")[0]) == "achados críticos não mencionados: A1"
    assert "99,9" in str(RULES.faults("Hemoglobina de 99,9 g/dL [A1].")[0])


def test_a_domain_forbids_more_but_a_quotation_stays_allowed() -> None:
    rule = Forbidden(says="decisão", patterns=(r"\bpedido\s+negad\w+",))
    said = Avaliacao(achados=[finding(1, Gravidade.INFO, "Consta pedido negado em outra operadora.")])
    silent = Avaliacao(achados=[finding(1, Gravidade.INFO, "Prazo vencido.")])
    text = "Há pedido negado [A1]."
    assert kinds(CitationRules(silent), text) == []
    assert kinds(CitationRules(silent, [rule]), text) == [FaultKind.FORBIDDEN]
    assert kinds(CitationRules(said, [rule]), text) == []


def test_a_language_decides_what_a_comma_means() -> None:
    evaluation = Avaliacao(achados=[finding(1, Gravidade.INFO, "Leucócitos 41.500/mm³.")])
    assert kinds(CitationRules(evaluation, language="en"), "41,500/mm³ [A1].") == []
    assert kinds(CitationRules(evaluation, language="pt"), "41,500/mm³ [A1].") == [FaultKind.NUMBER]


def test_retries_are_bounded_and_every_verdict_is_told() -> None:
    verdicts: list[list[Fault]] = []

    def give_up() -> NoReturn:
        raise RuntimeError("given up")

    guardrail = OpinionGuardrail(RULES, 1, give_up, verdicts.append)
    bad = SimpleNamespace(raw="Sem lastro.")
    accepted, told = guardrail.check(bad)
    assert (accepted, "frase 1 sem citação" in told) == (False, True)
    with pytest.raises(RuntimeError, match="given up"):
        guardrail.check(bad)
    assert [bool(faults) for faults in verdicts] == [True, True]


def test_citations_come_in_order_and_once() -> None:
    assert citations("Um [A2]. Dois [A1] [C:x]. Três [A2].") == ["A2", "A1"]


def test_a_citation_after_the_stop_belongs_to_its_sentence() -> None:
    assert sentences("Um. [A1] Dois [A2].") == ["Um [A1].", "Dois [A2]."]
