"""The other ways in, for the demo: a FHIR Bundle over HTTP and an HL7 v2 message over MLLP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx

from dev.mllp_send import exchange
from handlers.registry import load_document_examples
from shared.domain import Domain
from shared.hl7.header import find_header
from shared.hl7.message import parse
from shared.interop import FHIR_JSON, HL7_V2
from shared.settings import DomainSettings

SHOWN = "hemograma"
_FIELD_OF_CONTROL_ID = 9  # MSH-10, counted from the segment's name


@dataclass(frozen=True)
class Sent:
    """Either a task's id, or in words why there is none."""

    task_id: str = ""
    problem: str = ""


@dataclass(frozen=True)
class FhirBundle:
    """POSTed with a key of its own, so that every demo is a new task."""

    body: str
    label: str = "FHIR R4 Bundle, HTTP"

    async def send(self, client: httpx.AsyncClient, path: str) -> httpx.Response:
        headers = {"Content-Type": FHIR_JSON, "Idempotency-Key": uuid4().hex}
        return await client.post(path, content=self.body.encode(), headers=headers)


@dataclass(frozen=True)
class MllpMessage:
    """Sent to the listener with a control id of its own."""

    body: str
    host: str
    port: int
    label: str = "HL7 v2, MLLP"

    async def send(self) -> Sent:
        """Raises OSError when the listener does not answer."""
        [answer] = await exchange(self.host, self.port, [_renamed(self.body)])
        ack = parse(answer)
        if ack.segment("MSA").text(1) in ("AA", "CA"):
            return Sent(task_id=ack.segment("MSA").text(3))
        return Sent(problem=f"the listener answered {ack.segment('MSA').text(1)}: {ack.segment('ERR').text(8)}")


def _renamed(message: str) -> bytes:
    header = find_header(message.encode())
    assert header is not None, "the examples are tested"
    first, _, rest = message.partition("\n")
    fields = first.split(header.separators[0])
    fields[_FIELD_OF_CONTROL_ID] = uuid4().hex[:20]
    return f"{header.separators[0].join(fields)}\n{rest}".encode()


def documents(
    domains: dict[str, Domain], settings: DomainSettings, mllp: tuple[str, int] | None
) -> Iterator[tuple[Domain, FhirBundle | MllpMessage]]:
    """The hemogram in each standard that has an example of it. `mllp`: where the listener is, None for no message."""
    for domain in domains.values():
        examples = load_document_examples(domain, settings.domain_packages)
        if (SHOWN, FHIR_JSON) in examples:
            yield domain, FhirBundle(examples[SHOWN, FHIR_JSON])
        if (SHOWN, HL7_V2) in examples and mllp:
            yield domain, MllpMessage(examples[SHOWN, HL7_V2], *mllp)
