"""Plans, not times: nothing that runs while people wait, or every minute, walks the whole ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.database import Database
from shared.llm import cache, ledger, rates, usage
from shared.llm.budgets import charges, standing
from shared.llm.schema import attempts
from shared.llm.usage import Dimension
from tests.integration.store.conftest import emptied
from tests.integration.store.spending import ZONE, context, limit, opened, settled

TABLES = ("llm_attempts", "llm_budgets", "llm_cache", "llm_rates")
_FILL = (
    "INSERT INTO llm_cache SELECT md5(n::text) || md5(n::text), 'x', now() + n * interval '1 second' "
    "FROM generate_series(1, 20000) n",
    "INSERT INTO llm_rates SELECT 'default', 'c' || n, 'chat', '[]', now() + n * interval '1 second' "
    "FROM generate_series(1, 20000) n",
    "INSERT INTO llm_budgets SELECT md5(n::text), 't' || n % 50, 'client', 'c' || n, 'day', "
    "now() - n * interval '1 hour' FROM generate_series(1, 20000) n",
)


@pytest.fixture(scope="module")
def house(postgres_store: Database) -> Database:
    """A year of 40,000 attempts of four tenants, of which a few are under way."""
    emptied(postgres_store)
    start = now()
    rows = [_attempt(n, start) for n in range(40_000)]
    with postgres_store.write() as connection:
        connection.execute(insert(attempts), rows)
        for statement in _FILL:
            connection.execute(text(statement))
    with postgres_store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            connection.execute(text(f"ANALYZE {table}"))
    return postgres_store


def _attempt(n: int, start: Any) -> dict[str, Any]:
    at = start - timedelta(minutes=13 * n)
    return {
        "id": f"r{n // 2}:{n % 2}",
        "request_id": f"r{n // 2}",
        "n": n % 2,
        "surface": "chat",
        "tenant": f"t{n % 4}",
        "client": "c",
        "deployment": "unico",
        "provider": "offline",
        "model": "m",
        "day": at.date(),
        "started_at": at,
        "expires_at": at,
        "outcome": "ok" if n % 1000 else None,
        "reserved_microusd": 0,
    }


def _used(database: Database, work: Callable[[Connection], object]) -> set[str]:
    """The indexes of every statement that `work` runs; fails where one reads a whole table."""
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        with database.write() as connection:
            work(connection)
            connection.get_transaction().rollback()  # type: ignore[union-attr]
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)
    with database.read() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
            for statement, parameters in said
        ]
    nodes = [node for plan in plans for node in _nodes(plan)]
    assert [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES] == []
    return {node["Index Name"] for node in nodes if "Index Name" in node}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


@pytest.mark.parametrize("by", list(Dimension))
def test_a_weeks_sums_are_read_by_time(house: Database, by: Dimension) -> None:
    today = now().date()

    def read(connection: Connection) -> None:
        assert usage.sums(connection, "t1", today - timedelta(days=6), today, ZONE, by)

    assert _used(house, read) == {"ix_llm_attempts_time"}


def test_a_page_of_attempts_is_read_by_time(house: Database) -> None:
    before = (now() - timedelta(days=100), "z")
    assert _used(house, lambda connection: usage.page(connection, "t1", None, 50)) == {"ix_llm_attempts_time"}
    assert _used(house, lambda connection: usage.page(connection, "t1", before, 50)) == {"ix_llm_attempts_time"}


def test_a_requests_attempts_are_read_by_its_id(house: Database) -> None:
    used = _used(house, lambda connection: usage.of_request(connection, "t2", "r777"))
    assert used == {"ix_llm_attempts_request"}


def test_the_sweep_reads_only_what_is_under_way(house: Database) -> None:
    used = _used(house, lambda connection: ledger.sweep_abandoned(connection, now() - timedelta(days=300)))
    assert "ix_llm_attempts_open" in used


def test_attempts_are_opened_and_settled_by_key(house: Database) -> None:
    earlier, later = opened(0, context(request_id="r99999")), opened(10, context(request_id="r99998"))
    charged = charges([limit("tenant", "1"), limit("client", "1")], later.context, later.started_at, ZONE)

    def work(connection: Connection) -> None:
        ledger.book(connection, [ledger.Opening(earlier, earlier.started_at.date(), [])])
        opening = ledger.Opening(later, later.started_at.date(), charged)
        assert ledger.book(connection, [opening, settled(earlier, 0), settled(later, 5)]) == [None] * 3

    assert _used(house, work) == {"llm_attempts_pkey", "llm_budgets_pkey"}


def test_budgets_are_read_by_their_period(house: Database) -> None:
    used = _used(house, lambda connection: standing(connection, [limit("client", "1")], "t1", ZONE))
    assert used == {"ix_llm_budgets_period"}


def test_what_is_past_its_day_is_found_by_it(house: Database) -> None:
    moment = now()
    assert "ix_llm_cache_expiry" in _used(house, lambda connection: cache.forget_expired(connection, moment))
    assert "ix_llm_rates_touched" in _used(house, lambda connection: rates.forget_idle(connection, moment))


def test_sqlite_uses_the_partial_index_too(sqlite_store: Database) -> None:
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    event.listen(sqlite_store.engine, "before_cursor_execute", listen)
    with sqlite_store.write() as connection:
        ledger.sweep_abandoned(connection, now())
    event.remove(sqlite_store.engine, "before_cursor_execute", listen)
    with sqlite_store.read() as connection:
        (found,) = [(sql, given) for sql, given in said if sql.startswith("SELECT")]
        details = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {found[0]}", found[1]).all()
    assert "ix_llm_attempts_open" in " ".join(row.detail for row in details)
