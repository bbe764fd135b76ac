"""No sentence without a citation, nothing in it that the cited facts do not hold.

Facts come from rules; this is what keeps a model from changing one on the way to the text. It compares words and
numbers: it cannot tell whether a sentence draws the right conclusion from the right number. That is the reviewer
agent's work, and then the professional's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

from handlers.crew_runtime.evidence import EvidenceBook, together
from handlers.crew_runtime.faults import Fault, FaultKind
from handlers.crew_runtime.folding import folded
from handlers.crew_runtime.lexicon import Forbidden, lexicon
from handlers.crew_runtime.quantities import Language
from handlers.crew_runtime.value_checks import value_faults
from handlers.crew_runtime.wording_checks import wording_faults
from shared.clinical.citations import CITATION, citations, sentences
from shared.findings import Avaliacao


class CitationRules:
    """What an opinion on one evaluation may say, in the language it is to be written in."""

    def __init__(self, evaluation: Avaliacao, forbidden: Iterable[Forbidden] = (), language: Language = "pt") -> None:
        """`forbidden` are the domain's own assertions on top of the house's."""
        self._evidence = EvidenceBook(evaluation)
        self._critical = [finding.id for finding in evaluation.criticos]
        self._forbidden = tuple(forbidden)
        self._language = language

    def faults(self, text: str) -> list[Fault]:
        """What is wrong with `text`, each in words the model can act on; empty when nothing is."""
        found = [fault for number, line in enumerate(sentences(text), 1) for fault in self._sentence(number, line)]
        cited = citations(text)
        if not cited and not found:
            found.append(Fault(FaultKind.UNCITED, 0))
        missing = [name for name in self._critical if name not in cited]
        if missing:
            found.append(Fault(FaultKind.CRITICAL_MISSING, 0, ", ".join(missing)))
        return found

    def _sentence(self, number: int, line: str) -> Iterator[Fault]:
        cited = [finding or f"C:{name}" for name, finding in CITATION.findall(line)]
        if not cited:
            yield Fault(FaultKind.UNCITED, number)
            return
        sources = [self._evidence.get(name) for name in dict.fromkeys(cited)]
        if None in sources:
            yield Fault(FaultKind.UNKNOWN_ID, number)
            return
        evidence = together(source for source in sources if source)
        said = folded(CITATION.sub(" ", line))
        for kind, detail in value_faults(said, evidence, len(set(cited)), self._language):
            yield Fault(kind, number, detail)
        for kind, detail in wording_faults(said, evidence, lexicon(), self._forbidden):
            yield Fault(kind, number, detail)


class OpinionGuardrail:
    """The rules as crewai wants them: a callable that accepts or says what to mend, a bounded number of times."""

    def __init__(
        self,
        rules: CitationRules,
        retries: int,
        give_up: Callable[[], NoReturn],
        checked: Callable[[list[Fault]], None],
    ) -> None:
        """`checked` hears of every verdict. `give_up()` is called instead of a refusal once `retries` are spent;
        it must raise.
        """
        self._rules = rules
        self.retries = retries
        self._left = retries
        self._give_up = give_up
        self._checked = checked

    def check(self, output):  # type: ignore[no-untyped-def]  # crewai inspects the annotations at run time
        faults = self._rules.faults(output.raw)
        self._checked(faults)
        if not faults:
            return True, output.raw
        if self._left == 0:
            self._give_up()
        self._left -= 1
        return False, "; ".join(map(str, faults))
