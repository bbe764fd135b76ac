"""The road that the listener takes with a message, without its store; and messages with a part replaced."""

from __future__ import annotations

from pydantic import BaseModel

from handlers.registry import load_domains, load_hl7
from shared.hl7.header import Header, find_header
from shared.hl7.message import parse
from shared.interop import Mapped
from tests.fixtures.hl7 import HEMOGRAM, read_message

ROUTING = load_hl7(load_domains(["handlers"]).values(), ["handlers"])


def header_of(raw: bytes) -> Header:
    return find_header(raw) or parse(raw).header


def mapped(raw: bytes) -> Mapped:
    """The message read by whoever its type belongs to."""
    return ROUTING.of(header_of(raw), raw)[2](raw)


def request(raw: bytes) -> BaseModel:
    """The validated request that the message becomes."""
    _, event, reader = ROUTING.of(header_of(raw), raw)
    return event.request.model_validate(reader(raw).payload)


def codes(raw: bytes) -> dict[str, str]:
    """Stable code → place of what was not understood."""
    return {entry.codigo: entry.onde for entry in mapped(raw).report.nao_compreendidos}


def changed(old: bytes, new: bytes, name: str = HEMOGRAM) -> bytes:
    """A sample with one of its parts replaced wherever it stands."""
    raw = read_message(name)
    assert raw.count(old) >= 1
    return raw.replace(old, new)
