"""message → claim → handler → settle: the only place where a task's state moves.

A delivery is acknowledged when its outcome is committed, when its row needs nothing, or when it was kept as not
understood. Until then the broker keeps it, so a dead worker costs a redelivery and nothing else.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from uuid_utils import uuid7

from shared import clock
from shared.domain import Domain
from shared.errors import (
    LeaseLost,
    MessageRejected,
    NothingWithoutModel,
    Overloaded,
    StoreUnavailable,
    WorkerKilled,
)
from shared.execution import Done
from shared.findings import Alerta, Avaliacao
from shared.group_commit import Commits, Operation
from shared.messaging import messages
from shared.messaging.messages import OwnMessage
from shared.privacy.blind_index import BlindIndexes
from shared.settings import WorkerSettings
from shared.tasks import acceptance, claiming, finding, rejected, settling
from shared.tasks.claiming import Claimed, ClaimRequest, Refusal
from shared.tasks.finding import Findings
from shared.tasks.rejected import Rejection
from shared.tasks.settling import Completed, Settlement
from workers import isolation, metrics
from workers.attempt import DomainWork, Keep, perform
from workers.delivery import Delivery
from workers.identity import foreign_task
from workers.retries import Decision, Fate, decide, named
from workers.run_handle import RunHandle
from workers.settlement import outcome_of, settlement_of

_log = structlog.get_logger(__name__)

_STORE_RETRY_S = 1.0
_KILLS_ITS_WORKER = Decision(
    Fate.FAIL, WorkerKilled.code, "a tarefa derruba o processo que a executa; valem os achados já gravados"
)


class Execution:
    """Works on the deliveries of one domain in one process. `process` may run on many threads at once."""

    def __init__(
        self, work: DomainWork, owner: str, commits: Commits, worker: WorkerSettings, blind: BlindIndexes
    ) -> None:
        self._work = work
        self._owner = owner
        self._commits = commits
        self._worker = worker
        self._blind = blind
        self._stopping = threading.Event()
        self.running: dict[str, RunHandle] = {}

    def stop(self) -> None:
        """Stop waiting for a store that is away; what is undecided stays with the broker."""
        self._stopping.set()

    def process(self, delivery: Delivery) -> bool:
        """True: acknowledge. False: nothing could be decided before the process had to stop."""
        try:
            task_id = self._identify(delivery)
            claim = self._durably(
                claiming.claim,
                ClaimRequest(task_id, self._work.domain.key, self._owner, self._worker.worker_lease_s),
            )
            if claim is Refusal.UNKNOWN:
                raise MessageRejected("unknown_task", "a tarefa não existe neste banco de dados")
            if isinstance(claim, Refusal):
                _log.info("claim_refused", task_id=task_id, reason=claim.value)
                metrics.REFUSED.labels(self._work.domain.key, claim.value).inc()
                return True
            self._work_on(claim, delivery)
        except MessageRejected as refusal:
            return self._keep_rejected(delivery, refusal)
        except StoreUnavailable:
            _log.warning("delivery_left_to_broker", reason="store_unavailable")
            return False
        return True

    def _identify(self, delivery: Delivery) -> str:
        message = messages.decode(delivery.body, delivery.message_id)
        if isinstance(message, OwnMessage):
            return message.task_id
        task_id: str = self._durably(acceptance.adopt, foreign_task(self._work.domain, message, delivery, self._blind))
        return task_id

    def _keep_rejected(self, delivery: Delivery, refusal: MessageRejected) -> bool:
        domain: Domain = self._work.domain
        rejection = Rejection(
            id=str(uuid7()),
            domain=domain.key,
            vhost=domain.vhost,
            reason=refusal.reason,
            detail=refusal.detail,
            body=delivery.body,
            message_id=_printable(delivery.message_id),
        )
        try:
            self._durably(rejected.keep, rejection)
        except StoreUnavailable:
            return False
        metrics.REJECTED.labels(domain.key, refusal.reason).inc()
        _log.warning("message_rejected", domain=domain.key, reason=refusal.reason, rejected_id=rejection.id)
        return True

    def _work_on(self, claim: Claimed, delivery: Delivery) -> None:
        run = RunHandle(
            claim.task_id,
            claim.fence,
            claim.attempts + 1,
            self._worker.task_deadline_s,
            self._commits,
            delivery,
            claim.tenant,
            claim.client,
        )
        self.running[claim.task_id] = run
        try:
            settlement = self._attempt(claim, run)
            held = settlement is None or self._settled(claim, settlement)
            if not held:
                _log.warning("outcome_discarded", task_id=claim.task_id, reason="fence_lost")
            outcome = outcome_of(settlement) if held else "discarded"
            metrics.SETTLED.labels(claim.domain, claim.event, outcome).inc()
            metrics.ATTEMPT_SECONDS.labels(claim.domain, claim.event).observe(time.monotonic() - run.started)
        finally:
            # After a lost lease this process may have claimed the task anew: that attempt stays under its keeper.
            if self.running.get(claim.task_id) is run:
                del self.running[claim.task_id]

    def _settled(self, claim: Claimed, settlement: Settlement) -> bool:
        try:
            return self._end(settlement)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a result that no store can hold must still end its task
            _log.error("result_unstorable", task_id=claim.task_id, exception=type(error).__name__)
            return self._end(settlement_of(claim, Decision(Fate.FAIL, *named(error))))

    def _end(self, settlement: Settlement | None) -> bool:
        """False where the fence was lost. What ends is also told to whoever the domain tells."""
        if settlement is None:
            return True
        return bool(self._durably(settling.settle, replace(settlement, publish_to=self._work.results_queue)))

    def _attempt(self, claim: Claimed, run: RunHandle) -> Settlement | None:
        kept: list[Avaliacao] = []
        keep = self._keeper(claim, kept)
        request: Any = None
        try:
            if claim.deaths >= self._worker.deaths_before_failure:
                return settlement_of(claim, _KILLS_ITS_WORKER)
            request = self._work.request(claim.event, claim.payload)
            handler = self._work.handlers[claim.event]
            if claim.deaths >= self._worker.deaths_before_isolation:
                result = isolation.perform(self._work.domain.key, claim, run, keep)
            else:
                result = perform(handler, request, run, keep)
            run.check()
            return self._completed(claim, request, result)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - every failure of a handler becomes a decision, never a lost task
            return self._decided(claim, run.interruption or error, request, kept)

    def _completed(self, claim: Claimed, request: Any, result: dict[str, Any]) -> Completed:
        effect = self._work.effects.get(claim.event)
        bound = partial(effect, Done(claim.task_id, claim.run, request, result)) if effect else None
        return Completed(claim.task_id, claim.fence, claim.run, result, effect=bound)

    def _keeper(self, claim: Claimed, kept: list[Avaliacao]) -> Keep:
        def keep(evaluation: Avaliacao) -> None:
            if evaluation == Avaliacao():
                kept.append(evaluation)
                return  # an event without rules has nothing to keep
            alerts = [_alert(found) for found in evaluation.criticos]
            saved = self._durably(
                finding.save_findings,
                Findings(
                    claim.task_id,
                    claim.fence,
                    claim.run,
                    evaluation.model_dump(mode="json"),
                    alerts,
                    self._work.results_queue,
                ),
            )
            if not saved:
                raise LeaseLost("outro processo assumiu a tarefa")
            # Only what is saved has raised its alerts: a result may never rest on findings that are not.
            kept.append(evaluation)

        return keep

    def _decided(self, claim: Claimed, error: Exception, request: Any, kept: list[Avaliacao]) -> Settlement | None:
        decision = decide(error, claim.attempts, bool(kept), self._worker)
        _log.warning(
            "attempt_ended",
            task_id=claim.task_id,
            domain=claim.domain,
            event_name=claim.event,
            attempt=claim.attempts + 1,
            code=decision.code,
            reason=decision.fate.value,
            exception=type(error).__name__,
        )
        if decision.fate is Fate.DEGRADE:
            return self._degraded(claim, request, kept[-1], decision)
        return settlement_of(claim, decision)

    def _degraded(self, claim: Claimed, request: Any, evaluation: Avaliacao, why: Decision) -> Settlement | None:
        try:
            result = self._work.handlers[claim.event].degrade(request, evaluation)
        except NothingWithoutModel:
            return settlement_of(claim, replace(why, fate=Fate.FAIL))
        except Exception as failure:  # noqa: BLE001 - as in _attempt
            return settlement_of(claim, Decision(Fate.FAIL, *named(failure)))
        return Completed(
            claim.task_id, claim.fence, claim.run, result, degraded=True, error={"code": why.code, "detail": why.detail}
        )

    def _durably(self, operation: Operation, item: Any) -> Any:
        """Commit, waiting out a store that is away. Raises StoreUnavailable only when the process must stop."""
        while True:
            try:
                return self._commits.write(operation, item)
            except (StoreUnavailable, Overloaded):
                _log.warning("store_waited_for", operation=operation.__name__)
                if self._stopping.wait(_STORE_RETRY_S):
                    raise


def _printable(name: str | None) -> str | None:
    """None for a name that PostgreSQL cannot keep; the message itself is kept either way."""
    return name if name and name.isprintable() else None


def _alert(found: Any) -> dict[str, Any]:
    alert = Alerta(id=found.id, achado=found.id, codigo=found.codigo, descricao=found.descricao, em=clock.now())
    return alert.model_dump(mode="json")
