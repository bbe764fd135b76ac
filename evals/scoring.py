"""One run of one case → counts; counts add up over a case's runs, an event, everything."""

from __future__ import annotations

from dataclasses import dataclass, fields

from evals.cases import Case
from handlers.crew_runtime.faults import Fault, FaultKind
from handlers.crew_runtime.guardrail import CitationRules
from shared.clinical.citations import citations, sentences
from shared.findings import Avaliacao, Gravidade

_NUMBERS = frozenset({FaultKind.NUMBER, FaultKind.UNIT, FaultKind.SIDE})
_CITATIONS = frozenset({FaultKind.UNCITED, FaultKind.UNKNOWN_ID})
_ASSERTIONS = frozenset({FaultKind.FORBIDDEN, FaultKind.CONTRADICTION, FaultKind.NAME})


@dataclass(frozen=True)
class Text:
    """What one text holds. `wanted` and `kept` count the critical and attention findings, and those it cites."""

    sentences: int = 0
    cited: int = 0
    wanted: int = 0
    kept: int = 0
    critical_lost: int = 0
    numbers: int = 0
    assertions: int = 0

    def __add__(self, other: Text) -> Text:
        return Text(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(Text)))


@dataclass(frozen=True)
class Score:
    """`draft` is the last agent's first answer, before any repair; `opinion` what the guardrail accepted;
    `failures` say why runs ended without one; `answered_by` holds a deployment per call.
    """

    runs: int = 0
    opinions: int = 0
    draft: Text = Text()
    opinion: Text = Text()
    retries: int = 0
    degraded: int = 0
    failures: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_microusd: int = 0
    answered_by: tuple[str, ...] = ()

    def __add__(self, other: Score) -> Score:
        pairs = ((getattr(self, item.name), getattr(other, item.name)) for item in fields(Score))
        return Score(*(one + two for one, two in pairs))


def text_score(case: Case, evaluation: Avaliacao, rules: CitationRules, text: str) -> Text:
    """Measure one text. The critical and attention findings and the case's own `preserve` must be cited."""
    faults, cited = rules.faults(text), set(citations(text))
    wanted = [
        item for item in evaluation.achados if item.gravidade is not Gravidade.INFO or item.codigo in case.file.preserve
    ]
    total = len(sentences(text))
    return Text(
        sentences=total,
        cited=total - len({fault.sentence for fault in faults if fault.kind in _CITATIONS and fault.sentence}),
        wanted=len(wanted),
        kept=sum(item.id in cited for item in wanted),
        critical_lost=sum(item.id not in cited for item in evaluation.criticos),
        numbers=_count(faults, _NUMBERS),
        assertions=_count(faults, _ASSERTIONS) + len(case.unwanted(text)),
    )


def _count(faults: list[Fault], kinds: frozenset[FaultKind]) -> int:
    return sum(fault.kind in kinds for fault in faults)
