"""What a crew's ended task says, as the text of a chat answer."""

from __future__ import annotations

from typing import Any

from api.openai.crews import CrewTask
from api.openai.errors import CrewTaskFailed
from shared.findings import Gravidade
from shared.llm.contract import Usage
from shared.tasks.states import TaskStatus

_SEVERITY = {Gravidade.CRITICO: "crítico", Gravidade.ATENCAO: "atenção", Gravidade.INFO: "informação"}
_WORST_FIRST = {severity: rank for rank, severity in enumerate(_SEVERITY)}
_NOTHING = "Nenhum achado."


def opinion(view: dict[str, Any], task: CrewTask) -> str:
    """The draft opinion, or the findings where there is none, and the notice that nobody has signed it.

    Raises CrewTaskFailed for a task that ended without a result.
    """
    result = view["result"]
    if view["status"] != TaskStatus.COMPLETED or result is None:
        raise _failed(view, task)
    written = result.get("parecer")
    text = written["texto"] if written else findings(result.get("achados", []))
    return "\n\n".join(part for part in (text, result.get("aviso")) if part)


def findings(found: list[dict[str, Any]]) -> str:
    """Every finding, worst first, in the rules' own words."""
    ordered = sorted(found, key=lambda item: _WORST_FIRST[Gravidade(item["gravidade"])])
    lines = [f"- [{item['id']}] ({_SEVERITY[Gravidade(item['gravidade'])]}) {item['descricao']}" for item in ordered]
    return "\n".join(lines) or _NOTHING


def usage(view: dict[str, Any]) -> Usage:
    """The tokens of all calls of the crew; none where only rules worked."""
    provenance = (view["result"] or {}).get("proveniencia") or {}
    tokens = provenance.get("tokens", {})
    return Usage(tokens.get("prompt", 0), tokens.get("completion", 0), "provider")


def about(view: dict[str, Any], task: CrewTask) -> dict[str, Any]:
    """The `plantao` member: where the task stands and what a program must not overlook."""
    return task.reference() | {"degraded": view["degraded"], "review": view["review"], "alerts": view["alerts"]}


def _failed(view: dict[str, Any], task: CrewTask) -> CrewTaskFailed:
    if view["status"] == TaskStatus.CANCELLED:
        return CrewTaskFailed(f"a tarefa {task.id} foi cancelada", 409, "task_cancelled", task.reference())
    reason = (view["error"] or {}).get("detail", "sem motivo registrado")
    return CrewTaskFailed(f"a tarefa {task.id} falhou: {reason}", 502, "task_failed", task.reference())
