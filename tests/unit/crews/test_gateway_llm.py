"""What crewai gets from the gateway, what the gateway is told of a call, and how failures leave a crew."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from crewai.hooks.dispatch import HookAborted
from pydantic import BaseModel

from handlers.crew_runner import run_crew
from handlers.crew_runtime.gateway_llm import GatewayLLM
from handlers.crew_runtime.models import CrewModels
from handlers.crew_runtime.run_state import RunState
from handlers.crew_runtime.spec import CrewSpec
from handlers.crew_runtime.structured import REPAIRS
from shared import clock
from shared.errors import ModelRefused, ModelUnavailable, PlantaoError, StoreUnavailable
from shared.llm.contract import Surface, ToolCall
from shared.llm.errors import BudgetExhausted, ContextOverflow, TransferRefused
from shared.llm.interruption import Interruption
from shared.privacy.identifiers import Identifiers
from shared.privacy.outgoing_guard import OutgoingGuard
from tests.unit.crews.scripted import ScriptedModels, reply
from tests.unit.crews.support import RecordingRun, case_with

TOOL = {"type": "function", "function": {"name": "consultar", "parameters": {"type": "object", "properties": {}}}}
ASKED = [{"role": "user", "content": "Escreva."}]


class Forma(BaseModel):
    titulo: str
    pontos: int


def llm_onto(models: CrewModels, state: RunState | None = None, run: RecordingRun | None = None) -> GatewayLLM:
    case = case_with("6.8", Identifiers(names=frozenset({"Zuleide Prates"})))
    guard = OutgoingGuard(case.identifiers, frozenset())
    return GatewayLLM(models, guard, case, "exames", run or RecordingRun(), state or RunState(Interruption()))


def test_the_gateway_is_told_for_whom_and_how_long() -> None:
    models = ScriptedModels(reply("pronto"))
    assert llm_onto(models, run=RecordingRun(remaining=12.5)).call(ASKED) == "pronto"
    (context,) = models.contexts
    assert (context.surface, context.domain, context.subject_id) == (Surface.CREW, "exames", "t-1")
    assert (context.tenant, context.client, context.deadline_s) == ("default", "tests", 12.5)
    assert context.identifiers.names == {"Zuleide Prates"}
    assert not context.free_text and context.cache_scope is None


def test_tool_calls_have_openais_shape_and_steps_name_who_answered() -> None:
    run = RecordingRun()
    models = ScriptedModels(reply("", ToolCall("c1", "consultar", {"nome": "ç"}), deployment="b"))
    (call,) = llm_onto(models, run=run).call(ASKED, tools=[TOOL])
    assert call["function"] == {"name": "consultar", "arguments": json.dumps({"nome": "ç"}, ensure_ascii=False)}
    ((kind, step),) = run.steps
    assert kind == "model_call"
    assert (step["deployment"], step["attempts"], step["fallback"], step["tool_calls"]) == ("b", 1, True, 1)


@pytest.mark.parametrize(
    "failure",
    [
        BudgetExhausted("sem dinheiro", clock.now()),
        TransferRefused("fica em casa"),
        ContextOverflow("longo demais"),
        ModelUnavailable("ninguém respondeu", kind="overloaded"),
        StoreUnavailable("sem banco"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_every_failure_leaves_the_crew_as_it_is(hemogram_crew: CrewSpec, failure: PlantaoError) -> None:
    models, run = ScriptedModels(failure), RecordingRun()
    with pytest.raises(type(failure)) as caught:
        run_crew(hemogram_crew, case_with("6.8"), run, models)
    assert caught.value is failure
    assert len(models.requests) == 1, "crewai asked again behind the gateway's back"


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_cut_off_or_withheld_is_none(reason: str) -> None:
    state = RunState(Interruption())
    with pytest.raises(HookAborted):
        llm_onto(ScriptedModels(reply("Hemoglobina", finish_reason=reason)), state).call(ASKED)
    assert isinstance(state.failure, ModelRefused) and state.failure.kind == reason
    assert [one.cost_microusd for one in state.replies] == [7], "what was paid for is still counted"


def test_several_models_in_one_run_are_all_named(hemogram_crew: CrewSpec) -> None:
    text = "Hemoglobina de 6.8 g/dL, valor crítico [A1]. VCM de 71,2 fL, abaixo de 80 fL [A2]."
    models = ScriptedModels(reply(text), reply(text, deployment="b"))
    _, provenance = run_crew(hemogram_crew, case_with("6.8"), RecordingRun(), models)
    assert [(one.modelo, one.chamadas) for one in provenance.modelos] == [("modelo-a", 1), ("modelo-b", 2)]
    assert (provenance.modelo, provenance.contingencia) == ("modelo-b", True)
    assert provenance.custo_microusd == 21 == sum(one.custo_microusd for one in provenance.modelos)
    assert provenance.tokens == {"prompt": 30, "completion": 15, "calls": 3}


# --- answers that must have a form ------------------------------------------------------------------------


def test_a_form_is_asked_for_and_given() -> None:
    models = ScriptedModels(reply('```json\n{"titulo": "a", "pontos": 3}\n```'))
    assert llm_onto(models).call(ASKED, response_model=Forma) == Forma(titulo="a", pontos=3)
    schema = models.requests[0].parameters["response_format"]["json_schema"]
    assert schema == {"name": "Forma", "schema": Forma.model_json_schema()}


def test_a_wrong_form_is_sent_back_with_what_is_wrong_and_without_its_values() -> None:
    models = ScriptedModels(reply('{"titulo": "a", "pontos": "segredo"}'), reply('{"titulo": "a", "pontos": 3}'))
    assert llm_onto(models).call(ASKED, response_model=Forma) == Forma(titulo="a", pontos=3)
    *_, answer, complaint = models.requests[1].messages
    assert answer["role"] == "assistant"
    assert "pontos: Input should be a valid integer" in complaint["content"]
    assert "segredo" not in complaint["content"]


def test_a_model_that_never_finds_the_form_is_refused() -> None:
    models, state = ScriptedModels(reply("não sei")), RunState(Interruption())
    with pytest.raises(HookAborted):
        llm_onto(models, state).call(ASKED, response_model=Forma)
    assert isinstance(state.failure, ModelRefused) and state.failure.kind == "output"
    assert len(models.requests) == REPAIRS + 1


@pytest.mark.parametrize("tools", [[TOOL], []])
def test_a_tasks_form_is_checked_too_and_never_sent_together_with_tools(tools: list[dict[str, Any]]) -> None:
    models = ScriptedModels(reply("", ToolCall("c1", "consultar", {})), reply('{"titulo": "a", "pontos": 3}'))
    llm, task = llm_onto(models), SimpleNamespace(output_pydantic=Forma, id="t", name="t", agent=None)
    assert isinstance(llm.call(ASKED, tools=tools, from_task=task), list)
    assert json.loads(str(llm.call(ASKED, tools=tools, from_task=task))) == {"titulo": "a", "pontos": 3}
    assert ["response_format" in request.parameters for request in models.requests] == [not tools] * 2
