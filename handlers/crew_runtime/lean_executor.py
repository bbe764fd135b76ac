"""crewai's agent executor without its dearest habits (crewai 1.15.30).

- Given no initial state, a Flow derives a pydantic class with an `id` for every agent of every run, 10 ms of CPU.
  `AgentExecutorState` has an `id` already, so naming it as the initial state is enough.
- A Flow hands each of its steps, and then the news of each, to a pool of threads of its own and waits for it, some
  fifty times per crew. The loop that waits serves nobody else, so all of it may as well happen there.
- A Flow wraps and inspects all its methods for every agent of every run. They are the class's, so once is enough.
- A Flow's bookkeeping is private attributes, read two thousand times per crew, and pydantic asks each time whether it
  is a descriptor. None is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from crewai.agents.agent_executor import AgentExecutor, AgentExecutorState
from crewai.flow.types import FlowMethodName

_PARENT: Any = AgentExecutor  # pydantic hides `__getattr__` from type checkers


class LeanExecutor(AgentExecutor):
    """Behaves exactly as its parent. Its loop must be its own, as it is when a crew is kicked off."""

    initial_state: Any = AgentExecutorState

    @classmethod
    def flow_definition(cls) -> Any:
        """The parent's: a definition is read off a class's own methods, and this class has none."""
        return _DEFINITION

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "__pydantic_private__")[name]
        except (AttributeError, KeyError, TypeError):  # not private, or none yet: pydantic knows what to say
            return _PARENT.__getattr__(self, name)

    async def kickoff_async(self, *args: Any, **kwargs: Any) -> Any:
        asyncio.get_running_loop().set_default_executor(_OnTheSpot())
        return await super().kickoff_async(*args, **kwargs)

    def _class_bound_methods(self) -> dict[FlowMethodName, Callable[..., Any]]:
        return {name: _bound(self, step) for name, step in _STEPS.items()}


class _OnTheSpot(ThreadPoolExecutor):
    """A pool in name only, for a loop: what is submitted is done, or raises, at once. It never starts a thread."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        done = asyncio.get_running_loop().create_future()
        done.set_result(work(*args, **kwargs))
        return done


def _bound(executor: LeanExecutor, step: Callable[..., Any]) -> Callable[..., Any]:
    """A step as a coroutine function, which a Flow awaits in place. Context variables it sets stay its own.

    No step takes an argument; one that did would fail for lack of it at its first call.
    """

    async def here() -> Any:
        return copy_context().run(step, executor)

    here.__name__ = step.__name__
    return here


# Now, on one thread: made by the first runs, crewai would walk the class while another run writes to it.
_DEFINITION = AgentExecutor.flow_definition()
_STEPS = {FlowMethodName(name): getattr(AgentExecutor, name).unwrap() for name in _DEFINITION.methods}
