"""One message, one fresh crew: spec + case → opinion and its provenance.

A shared Crew would mix patients under concurrency, and building one costs half a millisecond.
"""

from __future__ import annotations

from collections import Counter
from typing import NoReturn

from handlers.crew_runtime.assembly import assemble, start
from handlers.crew_runtime.case import CrewCase
from handlers.crew_runtime.faults import Fault
from handlers.crew_runtime.gateway_llm import GatewayLLM
from handlers.crew_runtime.guardrail import CitationRules, OpinionGuardrail
from handlers.crew_runtime.loader import house_rules
from handlers.crew_runtime.models import CrewModels
from handlers.crew_runtime.provenance import provenance
from handlers.crew_runtime.run_state import RunState
from handlers.crew_runtime.spec import CrewSpec
from handlers.crew_runtime.timeline import on_timeline
from shared.clinical.citations import citations
from shared.errors import ExecutionError, ModelRefused, TaskCancelled, TransientFailure
from shared.execution import Run
from shared.findings import Parecer, Proveniencia
from shared.llm.interruption import Interruption
from shared.privacy.outgoing_guard import OutgoingGuard

GUARDRAIL_RETRIES = 2


def run_crew(spec: CrewSpec, case: CrewCase, run: Run, models: CrewModels) -> tuple[Parecer, Proveniencia]:
    """Set the crew going on this thread and wait for it.

    Raises `ModelUnavailable`, `ModelRefused` or `StoreUnavailable` as the gateway did, `ModelRefused` when the
    guardrail was never satisfied, `TransientFailure` when crewai itself broke, `TaskCancelled` or `DeadlineExceeded`
    within milliseconds of the run's interruption.
    """
    spec = spec.for_case(case.evaluation)
    state = RunState(Interruption())
    run.on_interrupt(state.interruption.fire)
    run.check()
    text = _text(spec, case, run, models, state)
    if text is None:
        run.check()
        raise state.failure or TaskCancelled("a execução da equipe foi interrompida")
    opinion = Parecer(texto=text, citacoes=citations(text), agentes=list(spec.agents))
    return opinion, provenance(spec, case, state.replies)


def _text(spec: CrewSpec, case: CrewCase, run: Run, models: CrewModels, state: RunState) -> str | None:
    def give_up() -> NoReturn:
        state.stop(ModelRefused("guardrail: o modelo não produziu um parecer que cite os achados sem alterá-los"))

    def checked(faults: list[Fault]) -> None:
        run.step("opinion_checked", accepted=not faults, **Counter(fault.kind.value for fault in faults))

    rules = CitationRules(case.evaluation, spec.forbidden, case.language)
    guardrail = OpinionGuardrail(rules, GUARDRAIL_RETRIES, give_up, checked)
    guard = OutgoingGuard(case.identifiers, spec.vocabulary)
    house = house_rules().languages[case.language]
    llm = GatewayLLM(models, guard, case, spec.domain, run, state)
    crew = assemble(spec, case, llm, house, guardrail)
    problem: Exception
    try:
        with on_timeline(run, len(spec.tasks)):
            return start(crew)
    except ExecutionError:
        raise
    except Exception as error:  # noqa: BLE001 - crewai raises bare Exceptions
        problem = error
    # Out of the handler: crewai's messages quote model output, so neither text nor cause may travel on.
    raise TransientFailure(f"a equipe de agentes parou: {type(problem).__name__}")
