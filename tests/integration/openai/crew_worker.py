"""A worker in small, for hemograms: it claims what is accepted, lets the rules judge it and ends it as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from handlers.exames.rules.hemograma import evaluation as hemograma
from handlers.exames.tables import ALERTAS
from handlers.registry import load_domains
from shared.clinical.alert_policy import under_policy
from shared.database import Database
from shared.findings import AVISO_RECUSA_IA, AVISO_SEM_AGENTES, Avaliacao, Revisao
from shared.tasks import claiming, finding, settling
from shared.tasks.claiming import Claimed, ClaimRequest
from shared.tasks.finding import Findings
from shared.tasks.schema import tasks
from shared.tasks.settling import Completed, Settlement
from shared.tasks.states import WAITING

DOMAINS = load_domains(["handlers"])
End = Callable[[Claimed, Any, Avaliacao], Settlement]
hemogram_rules: Callable[[Any], Avaliacao] = under_policy(hemograma.avaliar, ALERTAS)


def envelope(evaluation: Avaliacao, notice: str, **more: Any) -> dict[str, Any]:
    """A result as `handlers.crew_handler` makes it; importing that would bring crewai into this process."""
    own = {"parecer": None, "revisao": Revisao().model_dump(mode="json"), "proveniencia": None, "aviso": notice}
    return evaluation.model_dump(mode="json") | own | more


def rules_alone(claim: Claimed, request: Any, evaluation: Avaliacao) -> Settlement:
    """The end of a task whose models were away, or may not be asked."""
    refuses = request.paciente.recusa_ia
    notice = AVISO_RECUSA_IA if refuses else AVISO_SEM_AGENTES
    return Completed(claim.task_id, claim.fence, claim.run, envelope(evaluation, notice), degraded=not refuses)


def example(domain: str, event: str) -> dict[str, Any]:
    """The event's own example, path fields included: a valid JSON for its crew."""
    declared = DOMAINS[domain].event(event)
    assert declared
    return declared.example | declared.path_example


@contextmanager
def working(database: Database, end: End) -> Iterator[None]:
    """Work in a thread until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=_work, args=(database, end, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def accepted(database: Database) -> list[Any]:
    """Every task's row, oldest first."""
    with database.read() as connection:
        return list(connection.execute(select(tasks).order_by(tasks.c.created_at)))


def _work(database: Database, end: End, over: threading.Event) -> None:
    while not over.wait(0.02):
        for row in accepted(database):
            if row.status in WAITING:
                _do(database, row, end)


def _do(database: Database, row: Any, end: End) -> None:
    event = DOMAINS[row.domain].event(row.event)
    assert event
    request = event.request.model_validate_json(row.payload)
    evaluation = hemogram_rules(request)
    alerts = [
        {"id": found.id, "achado": found.id, "codigo": found.codigo, "descricao": found.descricao}
        for found in evaluation.criticos
    ]
    with database.write() as connection:
        (claim,) = claiming.claim(connection, [ClaimRequest(row.id, row.domain, "w1", 60)])
    assert isinstance(claim, Claimed)
    with database.write() as connection:
        found = Findings(row.id, claim.fence, claim.run, evaluation.model_dump(mode="json"), alerts)
        finding.save_findings(connection, [found])
    with database.write() as connection:
        settling.settle(connection, [end(claim, request, evaluation)])
