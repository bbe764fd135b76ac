"""Messages nobody understood: kept as they came, copied once, listed newest first."""

from __future__ import annotations

from dataclasses import replace

from shared.database import Database
from shared.tasks import rejected
from shared.tasks.rejected import Rejection
from tests.integration.store.clock import StoreClock


def _rejection(number: int, body: bytes = b"\x00\xff not json") -> Rejection:
    return Rejection(f"r{number:02}", "eco", "testes_eco", "not_json", "o corpo não é JSON", body, f"m{number}")


def _keep(database: Database, *items: Rejection) -> None:
    with database.write() as connection:
        assert rejected.keep(connection, items) == [None] * len(items)


def test_the_bytes_are_kept_as_they_came(database: Database) -> None:
    body = bytes(range(256))
    _keep(database, _rejection(1, body))
    with database.read() as connection:
        (found,) = rejected.page(connection, None, 10)
    assert (found["body"], found["reason"], found["message_id"]) == (body, "not_json", "m1")
    assert found["copied_at"] is None


def test_what_has_been_copied_is_not_copied_again(database: Database) -> None:
    _keep(database, _rejection(1), _rejection(2))
    with database.write() as connection:
        assert rejected.not_copied(connection, ["eco"]) == [_rejection(1), _rejection(2)]
        rejected.mark_copied(connection, ["r01"])
    with database.read() as connection:
        assert rejected.not_copied(connection, ["eco"]) == [_rejection(2)]
        assert rejected.not_copied(connection, ["eco"], limit=0) == []


def test_what_waits_for_one_domain_leaves_room_for_the_others(database: Database, clock: StoreClock) -> None:
    _keep(database, replace(_rejection(1), domain="sumiu"))
    clock.advance(1)
    _keep(database, _rejection(2))
    with database.read() as connection:
        assert rejected.not_copied(connection, ["eco"], limit=1) == [_rejection(2)]


def test_pages_meet_without_gap_or_repetition(database: Database, clock: StoreClock) -> None:
    for number in (1, 3, 5):
        _keep(database, _rejection(number), _rejection(number + 1))  # two share a moment
        clock.advance(1)
    seen: list[str] = []
    before = None
    while True:
        with database.read() as connection:
            rows = rejected.page(connection, before, 2)
        if not rows:
            break
        seen += [row["id"] for row in rows]
        before = (rows[-1]["received_at"], rows[-1]["id"])
    assert seen == ["r06", "r05", "r04", "r03", "r02", "r01"]
