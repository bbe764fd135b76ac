"""From a delivery to the task it speaks of."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from shared import clock
from shared.domain import Domain
from shared.errors import MessageRejected
from shared.field_paths import field_path
from shared.messaging.messages import ForeignMessage
from shared.privacy.blind_index import BlindIndexes
from shared.tasks.acceptance import ForeignTask
from shared.tasks.traits import traits_of
from workers.delivery import Delivery

_TENANT = "default"
_MAX_PAYLOAD_BYTES = 1_048_576


def foreign_task(domain: Domain, message: ForeignMessage, delivery: Delivery, blind: BlindIndexes) -> ForeignTask:
    """A row for a message of another system. Raises MessageRejected when its event or payload is not understood."""
    event = domain.event(message.event)
    if event is None:
        known = ", ".join(event.name for event in domain.events)
        raise MessageRejected("unknown_event", f"evento desconhecido neste vhost; conhecidos: {known}")
    if len(delivery.body) > _MAX_PAYLOAD_BYTES:
        raise MessageRejected("too_large", f"o limite é de {_MAX_PAYLOAD_BYTES} bytes")
    try:
        request = event.request.model_validate(message.payload)
    except ValidationError as error:
        fields = ", ".join(field_path(item["loc"]) for item in error.errors(include_input=False)[:10])
        raise MessageRejected("invalid_payload", f"campos recusados: {fields}") from None
    traits = traits_of(event, request, blind.of(_TENANT))
    return ForeignTask(
        ids=_ids(domain, message, delivery.body),
        tenant=_TENANT,
        client=f"amqp:{domain.vhost}",
        domain=domain.key,
        event=event.name,
        payload=request.model_dump_json(exclude_unset=True),
        external_id=message.external_id,
        reply_to=message.reply_to,
        traceparent=delivery.traceparent,
        traits=traits,
    )


def _ids(domain: Domain, message: ForeignMessage, body: bytes) -> tuple[str, ...]:
    """Our id for it: of its own name, else of its bytes within a day.

    A message that is read again after midnight still finds yesterday's row.
    """
    if message.external_id is not None:
        return (_id(domain, f"id:{message.external_id}"),)
    digest = hashlib.sha256(body).hexdigest()
    today = clock.now().date()
    return tuple(_id(domain, f"sha256:{digest}:{day}") for day in (today, today - timedelta(days=1)))


def _id(domain: Domain, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"plantao:{domain.key}:{name}"))
