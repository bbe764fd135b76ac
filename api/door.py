"""The door of one event: whatever standard a request comes in, the same task behind it."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from api.bodies import NATIVE_TYPES, media_type, parse, read_body
from api.dependencies import Parts, current_caller, parts_of
from api.documents import check_parameters, read_document
from api.hl7_answers import accepted_ack, refused_ack, wants_ack
from api.metrics import ACCEPTED
from api.request_headers import idempotency_key, traceparent
from api.views import accepted, accepted_document
from shared.domain import Domain, Event
from shared.errors import CallerError, InvalidField, PlantaoError, UnsupportedMedia
from shared.files import uploads
from shared.interop import FHIR_JSON, HL7_V2, Reader
from shared.tasks import acceptance
from shared.tasks.acceptance import Accepted, TaskSource
from shared.tasks.repeats import ANY_DOOR, message_content, request_content
from shared.tasks.traits import traits_of

_HEAD_BYTES = 256
_Headers = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A validated request as it goes to the store."""

    request: BaseModel
    payload: str
    own_key: str | None = None
    source: TaskSource | None = None
    content: str | None = None  # what must be equal under its own key; None: the request


class Door:
    """Accepts one event of one domain. `readers` are of the standards besides native JSON."""

    def __init__(self, domain: Domain, event: Event, prefix: str, readers: dict[str, Reader]) -> None:
        self._domain, self._event, self._readers = domain, event, readers
        self._status = f"{prefix}/status/"
        self._path_fields = event.path_fields
        self._count = ACCEPTED.labels(domain.key, event.name).inc

    async def accept(self, request: Request) -> Response:
        """202 when the task is durable. Native JSON comes first: it is the hot path."""
        headers: _Headers = dict(request.scope["headers"])
        media = media_type(headers)
        if media not in NATIVE_TYPES:
            return await self._accept_document(request, headers, media.decode("latin-1"))
        body = await self._body(request, headers)
        try:
            model, payload = parse(self._event, body, self._path_values(request))
        except (ValidationError, CallerError):
            self._refuse_mislabelled(body)
            raise
        answer = await self._keep(request, headers, _Incoming(model, payload))
        return accepted(answer.task_id, answer.status, self._status + answer.task_id)

    async def keep(self, request: Request, text: str) -> Accepted:
        """The durable task of a native JSON body that came inside another protocol, whose clients repeat on their own.

        Without an Idempotency-Key the same content is the same task. Raises pydantic's ValidationError besides what
        keeping raises.
        """
        model = self._event.request.model_validate_json(text)
        content = f"{self._domain.key}.{self._event.name} {model.model_dump_json()}"
        own_key = f"conteudo:{hashlib.sha256(content.encode()).hexdigest()}"
        return await self._keep(request, dict(request.scope["headers"]), _Incoming(model, text, own_key))

    def status_url(self, task_id: str) -> str:
        return self._status + task_id

    async def _accept_document(self, request: Request, headers: _Headers, media: str) -> Response:
        if media not in self._readers:
            raise UnsupportedMedia(f"este evento aceita: {', '.join(['application/json', *self._readers])}")
        check_parameters(media, headers[b"content-type"].decode("latin-1"))
        if not wants_ack(media, headers.get(b"accept", b"")):
            answer, source = await self._keep_document(request, headers, media, await self._body(request, headers))
            return accepted_document(answer.task_id, answer.status, self._status + answer.task_id, source.report)
        body = b""
        try:
            body = await self._body(request, headers)
            answer, _ = await self._keep_document(request, headers, media, body)
        except PlantaoError as error:
            return refused_ack(body, error)
        return accepted_ack(body, answer.task_id, self._status + answer.task_id)

    async def _keep_document(
        self, request: Request, headers: _Headers, media: str, body: bytes
    ) -> tuple[Accepted, TaskSource]:
        # Off the loop: a large document takes as long to read as hundreds of native requests.
        document = await asyncio.to_thread(
            read_document, self._event, media, self._readers[media], body, self._path_values(request)
        )
        source = TaskSource(media, body, document.report.model_dump())
        incoming = _Incoming(document.request, document.payload, document.key, source, document.content)
        return await self._keep(request, headers, incoming), source

    async def _keep(self, request: Request, headers: _Headers, incoming: _Incoming) -> Accepted:
        parts, caller, model = parts_of(request), current_caller(), incoming.request
        chosen = idempotency_key(headers, getattr(model, "idempotency_key", None))
        key, scope, content = self._repeated(incoming, chosen, caller.client)
        if named := self._event.uploads(model):
            await asyncio.to_thread(_check_uploads, parts, named, (caller.tenant, scope, key or ""))
        traits = traits_of(self._event, model, parts.blind.of(caller.tenant))
        task = parts.submission.new_task(
            self._domain.key,
            self._event.name,
            incoming.payload,
            tenant=caller.tenant,
            client=caller.client,
            idempotency_key=key,
            key_scope=scope,
            body_hash=content,
            traceparent=traceparent(headers),
            traits=traits,
            source=incoming.source,
        )
        answer = await parts.submission.accept(task)
        self._count()
        return answer

    def _repeated(self, incoming: _Incoming, chosen: str | None, client: str) -> tuple[str | None, str, str]:
        """By which key a repetition is known, in whose name, and what must then be equal."""
        key = chosen or incoming.own_key
        if key is not None and chosen is None and incoming.content is not None:
            return key, ANY_DOOR, message_content(self._event, incoming.request, incoming.content)
        return key, client, request_content(self._event, incoming.request) if key else ""

    async def _body(self, request: Request, headers: _Headers) -> bytes:
        return await read_body(request, headers, parts_of(request).settings.api.api_max_body_bytes)

    def _refuse_mislabelled(self, body: bytes) -> None:
        """A document of another standard sent as native JSON: its type is what to mend, not a field of ours."""
        head = body[:_HEAD_BYTES].lstrip()
        found = HL7_V2 if head.startswith(b"MSH") else FHIR_JSON if b'"resourceType"' in head else None
        if found in self._readers:
            raise UnsupportedMedia(f"o corpo parece ser de outro padrão: envie-o com Content-Type: {found}")

    def _path_values(self, request: Request) -> dict[str, str]:
        return {name: request.path_params[name] for name in self._path_fields}


def _check_uploads(parts: Parts, named: dict[str, str], key: acceptance.Key) -> None:
    """Raises InvalidField for an upload that is not there, unless the request is a repetition: its task has it."""
    with parts.database.read() as connection:
        missing = [field for field, name in named.items() if uploads.find(connection, key[0], name) is None]
        if missing and not acceptance.is_known(connection, key):
            reason = "não há upload com este identificador; envie o arquivo a /api/uploads"
            raise InvalidField([(field, reason) for field in missing])
