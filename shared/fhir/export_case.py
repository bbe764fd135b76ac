"""One result on its way to a chart, and what the professional's decision makes of each kind of resource."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from shared.fhir.readback import Readback


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who answered an alert, and in which words."""

    by: str
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class Alert:
    """A critical finding that was called out. `finding` is the id of the finding that raised it."""

    id: str
    finding: str
    code: str
    text: str
    at: datetime
    acknowledged: Acknowledgement | None = None


@dataclass(frozen=True)
class ExportCase:
    """`result` as it stands, review merged; `tables` and `alerts` as the rules left them; `error`: why degraded."""

    task_id: str
    run: int
    domain: str
    event: str
    title: str
    finished_at: datetime
    degraded: bool
    error: str | None
    result: dict[str, Any]
    alerts: list[Alert]
    tables: dict[str, str]
    request: BaseModel
    readback: Readback

    @property
    def state(self) -> str:
        """pendente, aceito, editado or rejeitado."""
        state: str = self.result["revisao"]["estado"]
        return state

    @property
    def decided_at(self) -> datetime | None:
        """When a professional decided, if one did."""
        moment: datetime | None = self.result["revisao"]["em"]
        return moment

    @property
    def standing_at(self) -> datetime:
        """Since when the result stands as it does."""
        return self.decided_at or self.finished_at

    @property
    def patient_refused_ai(self) -> bool:
        return bool(getattr(getattr(self.request, "paciente", None), "recusa_ia", False))


REPORT_STATUS = {"pendente": "preliminary", "aceito": "final", "editado": "amended", "rejeitado": "entered-in-error"}
"""DiagnosticReport and Composition: `entered-in-error` is the one status of both that nobody may act upon."""

FINDING_STATUS = {"pendente": "preliminary", "aceito": "final", "editado": "final", "rejeitado": "preliminary"}
"""What rules computed. An edited opinion leaves it untouched, so it is final and not amended. Rejecting the draft does
not undo a platelet count of 12: the finding stays in sight, unsigned.
"""

MEASURE_STATUS = {"pendente": "preliminary", "aceito": "final", "editado": "final", "rejeitado": "unknown"}
"""What the sender measured. Rejecting our reading of a value says nothing about the value."""
