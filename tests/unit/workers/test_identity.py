"""From a message of another system to the row that stands for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import clock
from shared.errors import MessageRejected
from shared.messaging import messages
from shared.messaging.messages import ForeignMessage
from shared.privacy.blind_index import BlindIndexes
from shared.tasks.acceptance import ForeignTask
from tests.fixtures.domains.eco.domain import DOMAIN
from tests.unit.workers.runs import Answers
from workers.identity import foreign_task

SECRET = "MARIA-123.456.789-09"


def _task(body: dict[str, Any] | bytes, message_id: str | None = None) -> ForeignTask:
    delivery = Answers().delivery(body, message_id)
    message = messages.decode(delivery.body, message_id)
    assert isinstance(message, ForeignMessage)
    return foreign_task(DOMAIN, message, delivery, BlindIndexes("chave-dos-testes"))


def test_the_row_says_where_the_work_came_from() -> None:
    task = _task({"event": "eco", "payload": {"texto": "olá"}, "id": "lab-7", "reply_to": "cb"})
    assert (task.domain, task.event, task.client) == ("eco", "eco", "amqp:testes_eco")
    assert (task.external_id, task.reply_to, task.payload) == ("lab-7", "cb", '{"texto":"olá"}')


def test_the_same_name_is_the_same_task_and_another_name_another() -> None:
    named = {"event": "eco", "payload": {"texto": "a"}, "id": "lab-7"}
    changed = named | {"payload": {"texto": "b"}}
    assert _task(named).ids == _task(changed).ids
    assert len(_task(named).ids) == 1
    assert _task(named).ids != _task(named | {"id": "lab-8"}).ids


def test_the_message_id_names_a_message_that_has_no_id() -> None:
    bare = {"event": "eco", "payload": {"texto": "a"}}
    assert _task(bare, "m1").ids == _task(bare | {"id": "m1"}).ids
    assert _task(bare, "m1").ids != _task(bare, "m2").ids


def test_a_nameless_message_is_its_bytes_within_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    body = {"event": "eco", "payload": {"texto": "a"}}

    def ids_at(moment: datetime) -> tuple[str, ...]:
        monkeypatch.setattr(clock, "now", lambda: moment)
        return _task(body).ids

    before = ids_at(midnight - timedelta(minutes=1))
    after = ids_at(midnight + timedelta(minutes=1))
    later = ids_at(midnight + timedelta(days=2))
    assert before[0] == after[1] and before[0] != after[0]
    assert not set(later) & {*before, after[1]}
    assert _task({"event": "eco", "payload": {"texto": "b"}}).ids[0] != later[0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"event": SECRET, "payload": {}}, "unknown_event"),
        ({"event": "eco", "payload": {}}, "invalid_payload"),
        ({"event": "eco", "payload": {"texto": [SECRET]}}, "invalid_payload"),
        ({"event": "eco", "payload": {"texto": "x", SECRET: 1}}, "invalid_payload"),
        ({"event": "eco", "payload": {"texto": "x", "a\x00": 1, "\ud800": 1}}, "invalid_payload"),
        ({"event": "eco", "payload": {"texto": "x"}, "enchimento": "x" * 1_100_000}, "too_large"),
    ],
)
def test_work_nobody_can_do_is_rejected_without_repeating_a_value(body: dict[str, Any], reason: str) -> None:
    with pytest.raises(MessageRejected) as rejected:
        _task(body)
    assert rejected.value.reason == reason
    assert SECRET not in rejected.value.detail
    assert rejected.value.detail.isprintable()


def test_an_invalid_payload_names_its_fields() -> None:
    with pytest.raises(MessageRejected, match="texto"):
        _task({"event": "eco", "payload": {"texto": 7}})
