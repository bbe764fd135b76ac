"""The handler of every hospital event: rules first, then the crew, then one envelope."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any, Self

from pydantic import BaseModel

from handlers.crew_runner import run_crew
from handlers.crew_runtime.case import CrewCase, patient_profile, repeats_typed_text
from handlers.crew_runtime.lexicon import Forbidden
from handlers.crew_runtime.models import CrewModels
from handlers.crew_runtime.quantities import Language
from handlers.crew_runtime.spec import CrewSpec
from shared.execution import Run
from shared.findings import (
    AVISO_RASCUNHO,
    AVISO_RECUSA_IA,
    AVISO_SEM_AGENTES,
    Avaliacao,
    Parecer,
    Proveniencia,
    Resultado,
    Revisao,
)
from shared.llm.blocking import process_gateway
from shared.privacy.known import identifiers_of
from shared.settings import settings


def _something_found(evaluation: Avaliacao) -> bool:
    return bool(evaluation.achados)


def _language_of_the_house() -> Language:
    return settings().model.opinion_language


class CrewHandler:
    """Implements `shared.execution.Handler` for one event: its rules and its crew."""

    def __init__(
        self,
        rules: Callable[[Any], Avaliacao],
        crew: CrewSpec,
        models: Callable[[], CrewModels] = process_gateway,
        gate: Callable[[Avaliacao], bool] = _something_found,
        language: Callable[[], Language] = _language_of_the_house,
    ) -> None:
        """`gate` says whether an evaluation is worth any model's time, `language` what opinions are written in."""
        self._rules = rules
        self._crew = crew
        self._gate = gate
        self._models = models
        self._language = language

    @property
    def forbidden(self) -> tuple[Forbidden, ...]:
        """What no opinion of this event may assert, on top of the house's own list."""
        return self._crew.forbidden

    def using(self, models: CrewModels, language: Language) -> Self:
        """The same rules and crew with other models."""
        other = copy(self)
        other._models, other._language = lambda: models, lambda: language
        return other

    def evaluate(self, request: BaseModel, run: Run) -> Avaliacao:
        return self._rules(request)

    def respond(self, request: BaseModel, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
        if not self._gate(evaluation) or _refuses_agents(request):
            return self.degrade(request, evaluation)
        case = CrewCase(
            evaluation,
            patient_profile(request),
            identifiers_of(request),
            self._language(),
            repeats_typed_text(request, evaluation),
        )
        opinion, provenance = run_crew(self._crew, case, run, self._models())
        return _envelope(evaluation, opinion, provenance, AVISO_RASCUNHO)

    def degrade(self, request: BaseModel, evaluation: Avaliacao) -> dict[str, Any]:
        notice = AVISO_RECUSA_IA if _refuses_agents(request) else AVISO_SEM_AGENTES
        return _envelope(evaluation, None, None, notice)


def _refuses_agents(request: BaseModel) -> bool:
    """CFM 2.454/2026: the patient may refuse AI. Rules are not AI; agents are."""
    return bool(getattr(getattr(request, "paciente", None), "recusa_ia", False))


def _envelope(
    evaluation: Avaliacao, opinion: Parecer | None, provenance: Proveniencia | None, notice: str
) -> dict[str, Any]:
    result = Resultado(
        achados=evaluation.achados,
        calculos=evaluation.calculos,
        dados_faltantes=evaluation.dados_faltantes,
        nao_avaliado=evaluation.nao_avaliado,
        versoes_tabelas=evaluation.versoes_tabelas,
        parecer=opinion,
        revisao=Revisao(),
        proveniencia=provenance,
        aviso=notice,
    )
    return result.model_dump(mode="json")
