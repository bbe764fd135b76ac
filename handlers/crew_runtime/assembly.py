"""Spec + case → a fresh Crew, its agents and its tasks, and how it is set going."""

from __future__ import annotations

from crewai import Agent, Process, Task
from crewai.hooks.dispatch import HookAborted

from handlers.crew_runtime.case import CrewCase, as_json
from handlers.crew_runtime.evaluation_tool import EvaluationTool
from handlers.crew_runtime.gateway_llm import GatewayLLM
from handlers.crew_runtime.guardrail import OpinionGuardrail
from handlers.crew_runtime.lean_executor import LeanExecutor
from handlers.crew_runtime.loader import HouseTexts
from handlers.crew_runtime.no_files import switch_off_files
from handlers.crew_runtime.private_crew import PrivateCrew
from handlers.crew_runtime.quiet_bus import drop_built_in_listeners, in_own_scope
from handlers.crew_runtime.spec import AgentSpec, CrewSpec, TaskSpec
from handlers.crew_runtime.timeline import TimelineListener

# Reading the tools and answering takes two; the rest is for a model that asks again.
_MAX_ITERATIONS = 6

drop_built_in_listeners()
switch_off_files()
TimelineListener()


def assemble(
    spec: CrewSpec, case: CrewCase, llm: GatewayLLM, rules: HouseTexts, guardrail: OpinionGuardrail
) -> PrivateCrew:
    """The last task, whose text is the opinion, stands under the guardrail."""
    people = {task.agent.key: _agent(task.agent, llm) for task in spec.tasks}
    tasks: list[Task] = []
    for step in spec.tasks:
        last = step is spec.tasks[-1]
        tasks.append(_task(step, case, people[step.agent.key], rules, tasks, guardrail if last else None))
    return PrivateCrew(
        name=f"{spec.domain}.{spec.event}",
        agents=list(people.values()),
        tasks=tasks,
        process=Process.sequential,
        verbose=False,
        memory=False,
        planning=False,
        share_crew=False,
        tracing=False,
    )


def start(crew: PrivateCrew) -> str | None:
    """The text of the last task, or `None` when the run was stopped (the run's state says why)."""
    try:
        return str(in_own_scope(crew.kickoff).raw)
    except HookAborted:
        return None


def _agent(spec: AgentSpec, llm: GatewayLLM) -> Agent:
    return Agent(
        role=spec.role,
        goal=spec.goal,
        backstory=spec.backstory,
        llm=llm,
        executor_class=LeanExecutor,
        max_iter=_MAX_ITERATIONS,
        max_retry_limit=0,
        allow_delegation=False,
        respect_context_window=False,  # the gateway refuses what is too long; crewai would ask a model to shorten it
        verbose=False,
    )


def _task(
    step: TaskSpec,
    case: CrewCase,
    agent: Agent,
    rules: HouseTexts,
    earlier: list[Task],
    guardrail: OpinionGuardrail | None,
) -> Task:
    return Task(
        name=step.agent.key,
        description=_description(step, case, rules),
        expected_output=step.expected_output,
        agent=agent,
        tools=[EvaluationTool(tool, case.evaluation) for tool in step.tools],
        context=list(earlier),
        guardrail=guardrail.check if guardrail else None,
        guardrail_max_retries=guardrail.retries if guardrail else 0,
    )


def _description(step: TaskSpec, case: CrewCase, rules: HouseTexts) -> str:
    lead, data = (
        (rules.case_with_tools, {"perfil": case.profile}) if step.tools else (rules.case_without_tools, case.facts())
    )
    data = {"idioma": case.language, **data}
    return f"{step.description}\n\n{rules.writing}\n\n{lead}\n```json\n{as_json(data)}\n```"
