"""Running one attempt in a process of its own, because the task has killed its worker before."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import structlog

from shared import errors
from shared.errors import ExecutionError, PlantaoError, WorkerKilled
from shared.findings import Avaliacao
from shared.tasks.claiming import Claimed
from workers.attempt import Keep
from workers.run_handle import RunHandle

_log = structlog.get_logger(__name__)
# Importing the crews takes seconds of CPU that are not the task's; a child that is not ready by then never will be.
START_S = 60.0


def perform(domain: str, claim: Claimed, run: RunHandle, keep: Keep) -> dict[str, Any]:
    """The result, as `workers.attempt.perform`. Raises WorkerKilled when the child died under the task."""
    budget = run.remaining()
    order = {
        "domain": domain,
        "event": claim.event,
        "task_id": claim.task_id,
        "attempt": run.attempt,
        "tenant": run.tenant,
        "client": run.client,
        "payload": claim.payload,
        "deadline_s": budget,
    }
    _log.warning("attempt_isolated", task_id=claim.task_id, deaths=claim.deaths)
    run.allow(START_S + budget)
    with subprocess.Popen(
        [sys.executable, "-m", "workers.isolated"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        run.on_interrupt(child.kill)
        assert child.stdin and child.stdout
        try:
            child.stdin.write(json.dumps(order))
            child.stdin.close()
        except BrokenPipeError:
            _log.warning("isolated_died_early", task_id=claim.task_id)
        for line in child.stdout:
            message = json.loads(line)
            if "ready" in message:
                run.allow(budget)
            elif "findings" in message:
                keep(Avaliacao.model_validate(message["findings"]))
            elif "result" in message:
                return dict(message["result"])
            else:
                raise _rebuilt(message["error"])
    run.check()
    raise WorkerKilled(f"o processo isolado terminou com o código {child.returncode}")


def _rebuilt(error: dict[str, str]) -> PlantaoError:
    """The child's error as the nearest kind that this process knows, under its own code."""
    kind: type[PlantaoError] = getattr(errors, error["kind"])
    rebuilt = kind(error["detail"])
    if isinstance(rebuilt, ExecutionError):
        rebuilt.code = error["code"]
    return rebuilt
