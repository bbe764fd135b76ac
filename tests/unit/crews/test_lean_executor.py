"""What crewai does without: threads, event loops and a store of files. It must still be the same agent."""

from __future__ import annotations

import asyncio
import inspect
import threading
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

import pytest
from crewai.agents.agent_executor import AgentExecutor
from crewai.utilities import file_store

from handlers.crew_runner import run_crew
from handlers.crew_runtime.lean_executor import LeanExecutor, _bound, _OnTheSpot
from handlers.crew_runtime.spec import CrewSpec
from shared.llm.blocking import BlockingGateway
from tests.unit.crews.support import RecordingRun, case_with


def test_a_crew_starts_no_thread_for_its_steps_and_one_loop_per_agent(
    hemogram_crew: CrewSpec, offline: BlockingGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_crew(hemogram_crew, case_with("6.8"), RecordingRun(), offline)  # the gateway's and the bus's threads are up
    loops, stepped_on = [], set()
    new_loop, step = asyncio.new_event_loop, AgentExecutor.call_llm_and_parse.unwrap()

    def counted() -> asyncio.AbstractEventLoop:
        loops.append(threading.get_ident())
        return new_loop()

    def seen(executor: Any) -> Any:
        stepped_on.add(threading.get_ident())
        return step(executor)

    monkeypatch.setattr(asyncio.events, "new_event_loop", counted)
    monkeypatch.setattr("handlers.crew_runtime.lean_executor._STEPS", {**_steps(), "call_llm_and_parse": seen})
    monkeypatch.setattr(seen, "__name__", "call_llm_and_parse")
    opinion, _ = run_crew(hemogram_crew, case_with("6.8"), RecordingRun(), offline)
    assert opinion.texto
    assert stepped_on == {threading.get_ident()}
    assert len(loops) == len(hemogram_crew.agents)


def _steps() -> dict[str, Any]:
    return {name: getattr(AgentExecutor, name).unwrap() for name in AgentExecutor.flow_definition().methods}


def test_every_step_takes_nothing_but_its_executor() -> None:
    """`_bound` passes nothing else: a crewai whose steps take the trigger's result must be noticed here."""
    assert {name: list(inspect.signature(step).parameters) for name, step in _steps().items()} == {
        name: ["self"] for name in _steps()
    }


def test_no_private_attribute_is_a_descriptor() -> None:
    assert [name for name, private in LeanExecutor.__private_attributes__.items() if hasattr(private, "__get__")] == []


def test_a_step_keeps_its_context_to_itself() -> None:
    mark: ContextVar[str] = ContextVar("mark", default="caller's")

    def step(executor: Any) -> str:
        mark.set("step's")
        return mark.get()

    async def around() -> tuple[str, str]:
        return await _bound(None, step)(), mark.get()  # type: ignore[arg-type]

    assert asyncio.run(around()) == ("step's", "caller's")


def test_what_is_submitted_is_done_or_raises_on_the_spot() -> None:
    async def around() -> tuple[int, int]:
        asyncio.get_running_loop().set_default_executor(_OnTheSpot())
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(threading.get_ident), threading.get_ident()

    there, here = asyncio.run(around())
    assert there == here


def test_crewai_keeps_no_file() -> None:
    owner = uuid4()
    file_store.store_files(owner, {"laudo.pdf": object()})
    assert file_store.get_all_files(owner, uuid4()) is None
