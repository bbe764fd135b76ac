"""A `ToolSpec` as a crewai tool, bound to one message's evaluation."""

from __future__ import annotations

from crewai.tools import BaseTool
from pydantic import BaseModel, PrivateAttr

from handlers.crew_runtime.case import as_json
from handlers.crew_runtime.spec import ToolSpec
from shared.findings import Avaliacao

# Once per attempt at the task, and then some. A tool with a limit also runs on the crew's own thread, not a pool.
_MAX_USES = 5


class NoArguments(BaseModel):
    """The tools know their message; there is nothing for a model to fill in, or to get wrong."""


class EvaluationTool(BaseTool):
    """Reads, never computes: what it answers was there before any model was asked."""

    args_schema: type[BaseModel] = NoArguments
    _spec: ToolSpec = PrivateAttr()
    _evaluation: Avaliacao = PrivateAttr()

    def __init__(self, spec: ToolSpec, evaluation: Avaliacao) -> None:
        super().__init__(name=spec.name, description=spec.description, max_usage_count=_MAX_USES)
        self._spec = spec
        self._evaluation = evaluation

    def _run(self) -> str:
        return as_json(self._spec.read(self._evaluation))
