"""Every labelled sentence, alone in an opinion that is otherwise in order."""

from __future__ import annotations

import pytest

from handlers.crew_runtime.faults import FaultKind
from handlers.crew_runtime.guardrail import CitationRules
from handlers.crew_runtime.quantities import Language
from tests.unit.crews.labelled_sentences import BAD_EN, BAD_PT, EVALUATION, GOOD_EN, GOOD_PT

RULES = {language: CitationRules(EVALUATION, language=language) for language in ("pt", "en")}
CRITICAL = {"pt": "Há anemia grave [A1].", "en": "Severe anaemia [A1]."}


def kinds(language: Language, sentence: str) -> set[FaultKind]:
    return {fault.kind for fault in RULES[language].faults(f"{CRITICAL[language]}\n{sentence}")}


@pytest.mark.parametrize(
    ("language", "sentence"), [*(("pt", text) for text in GOOD_PT), *(("en", text) for text in GOOD_EN)]
)
def test_what_the_cited_facts_hold_may_stand(language: Language, sentence: str) -> None:
    assert kinds(language, sentence) == set()


@pytest.mark.parametrize(
    ("language", "sentence", "kind"), [*(("pt", *row) for row in BAD_PT), *(("en", *row) for row in BAD_EN)]
)
def test_what_they_do_not_is_sent_back_for_the_right_reason(language: Language, sentence: str, kind: FaultKind) -> None:
    assert kind in kinds(language, sentence)
