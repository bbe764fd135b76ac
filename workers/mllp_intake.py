"""One HL7 v2 message into one durable task, and its answer. What is refused is kept raw, so that nothing is lost."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import structlog
from pydantic import ValidationError
from uuid_utils import uuid7

from shared import clock
from shared.database import Database
from shared.domain import Domain, Event
from shared.errors import CallerError, IdempotencyMismatch, InvalidField, PlantaoError
from shared.group_commit import GroupCommit, Operation
from shared.hl7.ack import accept_ack, refusal_ack
from shared.hl7.header import Header, find_header
from shared.hl7.message import content_hash, parse
from shared.hl7.problems import Fault, Problem, UnusableMessage, problems_of, unusable
from shared.hl7.routing import Routing
from shared.interop import HL7_V2, Mapped, Reader
from shared.privacy.blind_index import BlindIndex
from shared.tasks import acceptance, rejected
from shared.tasks.acceptance import Accepted, NewTask, TaskSource
from shared.tasks.rejected import Rejection
from shared.tasks.repeats import ANY_DOOR, message_content
from shared.tasks.traits import traits_of
from shared.validation import refused_fields
from workers import mllp_metrics

_log = structlog.get_logger(__name__)
_TENANT = "default"
CLIENT = "mllp"
NOWHERE = "mllp"  # the domain column of what no domain was found for


@dataclass(frozen=True, slots=True)
class _Read:
    header: Header
    task: NewTask


class _Refused(Exception):
    """Internal: a refusal together with the domain that the message was for, as far as known."""

    def __init__(self, error: PlantaoError, domain: Domain | None) -> None:
        super().__init__(type(error).__name__)
        self.error = error
        self.domain = domain


class Intake:
    """Shared by all connections: what they send at the same moment is committed together."""

    def __init__(self, database: Database, routing: Routing, blind: BlindIndex, allowed_senders: list[str]) -> None:
        self._routing = routing
        self._blind = blind
        self._allowed = frozenset(allowed_senders)
        self._commits = GroupCommit(database, [acceptance.accept, rejected.keep])

    async def answer(self, raw: bytes) -> bytes:
        """The ACK. A positive one leaves only after the commit; it is empty when the sender asked for none.

        Raises StoreUnavailable or Overloaded when nothing could be written: then nothing must be answered.
        """
        try:
            read = await asyncio.to_thread(self._read, raw)
        except _Refused as refusal:
            return await self._refuse(raw, problems_of(refusal.error), refusal.domain)
        outcome: Accepted | IdempotencyMismatch = await self._write(acceptance.accept, read.task)
        if isinstance(outcome, IdempotencyMismatch):
            domain = next(d for d in self._routing.domains if d.key == read.task.domain)
            return await self._refuse(raw, problems_of(outcome), domain)
        repeated = "no" if outcome.created else "yes"
        mllp_metrics.ACCEPTED.labels(read.task.domain, read.task.event, repeated).inc()
        return accept_ack(read, outcome.task_id)

    async def refuse(self, raw: bytes, fault: Fault, text: str) -> bytes:
        """The ACK for bytes that are no message at all."""
        return await self._refuse(raw, [Problem("", fault, text)], None)

    async def close(self) -> None:
        """What was begun is still written."""
        await asyncio.to_thread(self._commits.close)

    # --- reading ----------------------------------------------------------------------------------------

    def _read(self, raw: bytes) -> _Read:
        domain: Domain | None = None
        try:
            header = find_header(raw) or parse(raw).header
            self._check_sender(header)
            domain, event, reader = self._routing.of(header, raw)
            return _Read(header, self._task(raw, domain, event, reader))
        except CallerError as error:
            raise _Refused(error, domain) from None
        except Exception as error:  # noqa: BLE001 - a fault of ours must not lose a message nor end the connection
            _log.error("mllp_reading_failed", exc_info=error)
            raise _Refused(PlantaoError("erro interno ao ler a mensagem; ela está guardada"), domain) from None

    def _check_sender(self, header: Header) -> None:
        names = {header.component(3, 1), f"{header.component(3, 1)}|{header.component(4, 1)}"}
        if self._allowed and not names & self._allowed:
            raise unusable("MSH-3", Fault.REMETENTE_NAO_AUTORIZADO, "remetente não autorizado (MLLP_ALLOWED_SENDERS)")

    def _task(self, raw: bytes, domain: Domain, event: Event, reader: Reader) -> NewTask:
        mapped = reader(raw)
        try:
            request = event.request.model_validate(mapped.payload)
        except ValidationError as error:
            raise _unusable(refused_fields(error), mapped) from None
        traits = traits_of(event, request, self._blind)
        moment = clock.now()
        return NewTask(
            id=str(uuid7()),
            tenant=_TENANT,
            client=CLIENT,
            domain=domain.key,
            event=event.name,
            payload=request.model_dump_json(exclude_unset=True),
            created_at=moment,
            publish_at=moment,  # the relay publishes: this process needs no broker and no credentials for one
            idempotency_key=mapped.key,
            key_scope=ANY_DOOR,
            body_hash=message_content(event, request, mapped.content or content_hash(raw)),
            traits=traits,
            source=TaskSource(HL7_V2, raw, mapped.report.model_dump(mode="json")),
            origin="mllp",
        )

    # --- writing ----------------------------------------------------------------------------------------

    async def _refuse(self, raw: bytes, problems: list[Problem], domain: Domain | None) -> bytes:
        reason = f"hl7_{problems[0].code}"
        detail = "; ".join(
            f"{problem.place}: {problem.text}" if problem.place else problem.text for problem in problems
        )
        # The same message refused again for the same reason is the same row: a sender may repeat it all night.
        identity = str(uuid5(NAMESPACE_URL, f"plantao:mllp:{reason}:{hashlib.sha256(raw).hexdigest()}"))
        row = Rejection(
            id=identity,
            domain=domain.key if domain else NOWHERE,
            vhost=domain.vhost if domain else "",
            reason=reason,
            detail=detail[:1000],
            body=raw,
            message_id=None,
            to_broker=False,
        )
        await self._write(rejected.keep, row)
        mllp_metrics.REFUSED.labels(row.domain, problems[0].code).inc()
        _log.warning("mllp_refused", reason=reason, rejected_id=identity, domain=row.domain)
        return refusal_ack(raw, problems)

    async def _write(self, operation: Operation, item: Any) -> Any:
        return await asyncio.wrap_future(self._commits.submit(operation, item))


def _unusable(error: InvalidField, mapped: Mapped) -> UnusableMessage:
    return UnusableMessage(*problems_of(error, mapped.report.mapeados))
