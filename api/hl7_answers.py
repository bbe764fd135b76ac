"""Answers in the words of HL7 v2: an ACK for what was accepted, one with ERR segments for what was refused."""

from __future__ import annotations

from starlette.responses import Response

from shared.errors import PlantaoError, ServiceUnavailable
from shared.hl7.ack import accept_ack, refusal_ack
from shared.hl7.message import parse
from shared.hl7.problems import problems_of
from shared.interop import HL7_V2


def wants_ack(media: str, accept: bytes) -> bool:
    """HL7 is answered with HL7 unless the caller names JSON in `Accept`."""
    return media == HL7_V2 and b"json" not in accept.lower()


def accepted_ack(body: bytes, task_id: str, status_url: str) -> Response:
    """202: the task is durable. The body is empty where MSH-15 and MSH-16 ask for no answer."""
    return Response(
        accept_ack(parse(body), task_id), 202, {"Location": status_url, "Retry-After": "1"}, media_type=HL7_V2
    )


def refused_ack(body: bytes, error: PlantaoError) -> Response:
    """The status of the refusal, and an ACK that names the places at fault."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, ServiceUnavailable) else {}
    return Response(refusal_ack(body, problems_of(error)), error.status, headers, media_type=HL7_V2)
