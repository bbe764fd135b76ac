"""Answers to HL7 messages: accepted, or refused with the places at fault. They never repeat a value of the content."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Protocol

from shared import clock
from shared.hl7.header import DEFAULT_SEPARATORS, Header, find_header
from shared.hl7.problems import Problem

_MAX_PROBLEMS = 20
_MAX_TEXT = 250
_UNASKED = Header(DEFAULT_SEPARATORS, ("MSH",))
_ANY_ANSWER = {"AL", "SU", ""}
_ON_REFUSAL = {"AL", "ER", ""}
_CONTROL = re.compile("[\x00-\x1f\x7f]+")


class Headed(Protocol):
    """A message, or whatever else knows its header."""

    @property
    def header(self) -> Header: ...


def accept_ack(message: Headed, task_id: str) -> bytes:
    """The task is durable: AA, or CA where MSH-15 asks for a commit answer (enhanced mode). MSA-3 names the task.

    Empty when MSH-15 and MSH-16 both say that the sender wants no answer to an accepted message.
    """
    header = message.header
    commit, application = header.text(15), header.text(16)
    if not commit and not application:
        return _answer(header, "AA", task_id)
    if commit in _ANY_ANSWER - {""}:
        return _answer(header, "CA", task_id)
    return _answer(header, "AA", task_id) if application in _ANY_ANSWER - {""} else b""


def refusal_ack(raw: bytes, problems: Sequence[Problem]) -> bytes:
    """AE for faults of the content, AR for those of the header or of the whole; CE and CR in enhanced mode.

    One ERR per problem, at most twenty. Works on any bytes: without a readable MSH the answer names no message.
    """
    header = find_header(raw) or _UNASKED
    kind = "R" if not header.text(10) or any(problem.rejects for problem in problems) else "E"
    commit = header.text(15)
    mode = "C" if commit and commit in _ON_REFUSAL else "A"
    return _answer(header, mode + kind, "", problems)


def is_refusal(ack: bytes) -> bool:
    """Whether an answer of ours says that nothing was accepted."""
    return re.search(rb"\rMSA.[AC][ER]", ack) is not None


def _answer(header: Header, code: str, text: str, problems: Sequence[Problem] = ()) -> bytes:
    segments = [
        _msh(header),
        ["MSA", code, header.text(10), text],
        *(_err(header.separators, problem) for problem in problems[:_MAX_PROBLEMS]),
    ]
    return "".join(header.separators[0].join(segment) + "\r" for segment in segments).encode()


def _msh(header: Header) -> list[str]:
    """Sender and receiver change places; trigger, processing id and version are the sender's own."""
    component = header.separators[1]
    trigger = header.component(9, 2)
    return [
        "MSH",
        header.separators[1:],
        header.text(5) or "PLANTAO",
        header.text(6),
        header.text(3),
        header.text(4),
        clock.now().strftime("%Y%m%d%H%M%S+0000"),
        "",
        component.join(["ACK", trigger, "ACK"]) if trigger else "ACK",
        secrets.token_hex(10),
        header.text(11) or "P",
        header.text(12) or "2.5.1",
        *[""] * 5,
        "UNICODE UTF-8",
    ]


def _err(separators: str, problem: Problem) -> list[str]:
    component = separators[1]
    location = component.join(problem.location).rstrip(component)
    code = component.join([*problem.hl70357, "HL70357"])
    return ["ERR", "", location, code, "E", problem.code, "", "", _escaped(problem.text, separators)]


def _escaped(text: str, separators: str) -> str:
    field, component, repetition, escape, sub = tuple(separators)
    names = {escape: "E", field: "F", component: "S", repetition: "R", sub: "T"}
    plain = _CONTROL.sub(" ", text)[:_MAX_TEXT]
    return "".join(f"{escape}{names[c]}{escape}" if c in names else c for c in plain)
