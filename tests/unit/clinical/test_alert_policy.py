"""The policy moves severities among alertable findings, and nothing else of a result."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from handlers.clinico.tables import ALERTAS
from handlers.clinico.tables.alertas import PoliticaClinica
from shared.clinical.alert_policy import under_policy
from shared.findings import Avaliacao, Gravidade

CODES = sorted(PoliticaClinica.ALERTABLE) + ["charlson", "lace_alto"]
FOUND = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(list(Gravidade))), max_size=6)


def evaluation(found: list[tuple[str, Gravidade]]) -> Avaliacao:
    made = Avaliacao(calculos={"news2": 7}, versoes_tabelas={"news2": "x"})
    for code, severity in found:
        made.anotar(code, severity, "Frase.", {"valor": 1}, "fonte", "regra-1")
    return made


@pytest.fixture(scope="module", autouse=True)
def shipped_again() -> Any:
    yield
    ALERTAS.replace(None)


@settings(max_examples=60, deadline=None)
@given(FOUND, st.frozensets(st.sampled_from(sorted(PoliticaClinica.ALERTABLE))))
def test_only_severities_of_alertable_findings_move(
    found: list[tuple[str, Gravidade]], critical: frozenset[str]
) -> None:
    ALERTAS.replace(PoliticaClinica(versao="p-1", fonte="x", criticos=critical))
    before, after = evaluation(found), under_policy(evaluation, ALERTAS)(found)
    assert after.calculos == before.calculos
    assert after.versoes_tabelas == before.versoes_tabelas | {"alertas": "p-1"}
    for old, new in zip(before.achados, after.achados, strict=True):
        assert new.model_dump(exclude={"gravidade", "evidencia"}) == old.model_dump(exclude={"gravidade", "evidencia"})
        assert new.evidencia.items() >= old.evidencia.items()
        if old.codigo in PoliticaClinica.ALERTABLE:
            assert (new.gravidade is Gravidade.CRITICO) is (old.codigo in critical)
        else:
            assert new == old
        assert ("politica_de_alertas" in new.evidencia) is (new.gravidade is not old.gravidade)


def test_a_misspelt_code_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match="did you mean news2_alto"):
        PoliticaClinica(versao="p-1", fonte="x", criticos=frozenset({"news2_ato"}))
    with pytest.raises(ValidationError, match="known: alergia_cruzada"):
        PoliticaClinica(versao="p-1", fonte="x", criticos=frozenset({"zzzz"}))
