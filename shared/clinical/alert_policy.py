"""Which findings raise alerts in this hospital. Rules judge; the policy decides what may not wait for a reader.

Published lists of critical values differ, and an alert that everybody ignores protects nobody: so each hospital says
which of a domain's alertable findings are critical. The finding itself, its id, numbers and source never change.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, ClassVar

from pydantic import field_validator

from shared.clinical.tables import ShippedTable, Tabela
from shared.findings import Achado, Avaliacao, Gravidade


class PoliticaDeAlertas(Tabela):
    """`criticos` raise an alert; every other alertable finding needs a look. A domain says which are alertable."""

    ALERTABLE: ClassVar[frozenset[str]] = frozenset()

    fonte: str
    criticos: frozenset[str]

    @field_validator("criticos")
    @classmethod
    def _known(cls, codes: frozenset[str]) -> frozenset[str]:
        """A misspelt code would silence an alert unseen."""
        for code in sorted(codes - cls.ALERTABLE):
            near = get_close_matches(code, cls.ALERTABLE, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(cls.ALERTABLE))}"
            raise ValueError(f"no alertable finding has the code {code}; {hint}")
        return codes


def under_policy(rules: Callable[[Any], Avaliacao], table: ShippedTable[Any]) -> Callable[[Any], Avaliacao]:
    """`rules`, with the severity of alertable findings as the policy in force has it."""

    def avaliar(pedido: Any) -> Avaliacao:
        found, policy = rules(pedido), table.current()
        return found.model_copy(
            update={
                "achados": [_judged(finding, policy) for finding in found.achados],
                "versoes_tabelas": found.versoes_tabelas | {"alertas": policy.versao_citada},
            }
        )

    return avaliar


def _judged(finding: Achado, policy: PoliticaDeAlertas) -> Achado:
    if finding.codigo not in policy.ALERTABLE:
        return finding
    if finding.codigo in policy.criticos:
        severity = Gravidade.CRITICO
    else:
        severity = Gravidade.ATENCAO if finding.gravidade is Gravidade.CRITICO else finding.gravidade
    if severity is finding.gravidade:
        return finding
    changed = {"gravidade_da_regra": finding.gravidade.value, "politica_de_alertas": policy.versao_citada}
    return finding.model_copy(update={"gravidade": severity, "evidencia": finding.evidencia | changed})
