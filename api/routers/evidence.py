"""A result for the chart: as a FHIR R4 Bundle, and the record of how it came to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.responses import Response

from api.dependencies import AppParts, Caller, CurrentCaller, Parts, TaskId
from api.views import PROBLEMS, version_tag
from shared.errors import Conflict, NotFound
from shared.fhir.export import as_json, bundle
from shared.fhir.export_case import Acknowledgement, Alert, ExportCase
from shared.fhir.export_provenance import provenance
from shared.findings import Resultado
from shared.interop import FHIR_JSON
from shared.tasks import alerts, evidence
from shared.tasks.alerts import AlertRow, AlertState
from shared.tasks.reading import TaskRow
from shared.tasks.reviews import decided

router = APIRouter(prefix="/api/tasks", tags=["Revisão"])

_PROBLEMS: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 409, 422, 503)}
Run = Annotated[int | None, Query(ge=1, le=1_000_000, description="Execução; a atual quando ausente")]


def _resource(kind: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object", "required": ["resourceType"], "properties": {"resourceType": {"const": kind}}}
    return {200: {"description": f"FHIR R4 {kind}", "content": {FHIR_JSON: {"schema": schema}}}, **_PROBLEMS}


@router.get(
    "/{task_id}/fhir",
    summary="O resultado como Bundle FHIR R4: laudo, observações, alertas e proveniência",
    response_model=None,
    response_class=Response,
    responses=_resource("Bundle"),
)
async def read_fhir(task_id: TaskId, parts: AppParts, caller: CurrentCaller, run: Run = None) -> Response:
    return await asyncio.to_thread(_answer, parts, caller, task_id, run, bundle)


@router.get(
    "/{task_id}/provenance",
    summary="Registro de evidência de uma execução, para o prontuário (FHIR R4 Provenance)",
    response_model=None,
    response_class=Response,
    responses=_resource("Provenance"),
)
async def read_provenance(task_id: TaskId, parts: AppParts, caller: CurrentCaller, run: Run = None) -> Response:
    return await asyncio.to_thread(_answer, parts, caller, task_id, run, provenance)


def _answer(
    parts: Parts, caller: Caller, task_id: str, run: int | None, export: Callable[[ExportCase], dict[str, Any]]
) -> Response:
    with parts.database.read() as connection:
        row = evidence.find(connection, caller.tenant, task_id, run)
        if row is None:
            raise NotFound("tarefa desconhecida")
        raised = alerts.of_task(connection, row.id) if row.alerts else []
    headers = {"ETag": version_tag(row.id, row.version)}
    return Response(as_json(export(_case(parts, row, raised))), 200, headers, FHIR_JSON)


def _case(parts: Parts, row: TaskRow, raised: list[AlertRow]) -> ExportCase:
    """Raises NotFound for a run that never was, Conflict where there is nothing clinical to read back yet."""
    if row.run > row.current_run:
        raise NotFound("execução desconhecida")
    result = decided(row.result, row)
    if result is None:
        raise Conflict(f"a execução {row.run} não tem resultado; a tarefa está em '{row.status}'")
    domain = parts.domains.get(row.domain)
    event = domain.event(row.event) if domain else None
    if event is None or "revisao" not in result:
        raise Conflict("o resultado desta tarefa não é clínico: não tem forma em FHIR")
    try:
        request = event.request.model_validate_json(row.payload)
        Resultado.model_validate(row.result)
    except ValidationError as error:
        raise Conflict("o que foi gravado é de uma versão que já não se lê; leia o resultado em JSON") from error
    return ExportCase(
        task_id=row.id,
        run=row.run,
        domain=row.domain,
        event=row.event,
        title=event.summary,
        finished_at=row.result_at,
        degraded=row.degraded,
        error=(row.error or {}).get("code") if row.run == row.current_run else None,
        result=result,
        alerts=[_alert(alert, raised) for alert in row.alerts or []],
        tables=result["versoes_tabelas"],
        request=request,
        readback=parts.readbacks[row.domain][row.event],
    )


def _alert(found: dict[str, Any], raised: list[AlertRow]) -> Alert:
    """A run's alert; who acknowledged the same fact, in whichever run it was raised."""
    same = [row for row in raised if (row.codigo, row.descricao) == (found["codigo"], found["descricao"])]
    row = next((row for row in same if row.state == AlertState.ACKNOWLEDGED), None)
    seen = None if row is None else Acknowledgement(row.acknowledged_by, row.acknowledged_at, row.nota)
    return Alert(
        found["id"], found["achado"], found["codigo"], found["descricao"], datetime.fromisoformat(found["em"]), seen
    )
