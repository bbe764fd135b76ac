"""A private PostgreSQL for real."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dev.postgres_node import PostgresNode


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresNode]:
    private = PostgresNode(tmp_path_factory.mktemp("node"))
    private.start()
    yield private
    private.remove()


def connect(node: PostgresNode, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(node.url(database).replace("+psycopg", ""), autocommit=True)


def test_durability_is_on(node: PostgresNode):
    with connect(node, "postgres") as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_a_password_is_demanded(node: PostgresNode):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=node.port, user="plantao", password="wrong", dbname="postgres")


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_committed_rows_outlive_a_crash_and_a_stop(node: PostgresNode, end: str):
    node.create_database(f"kept_{end}")
    with connect(node, f"kept_{end}") as connection:
        connection.execute("CREATE TABLE kept (x int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        getattr(node, end)()
    assert not node.is_running
    node.start()
    with connect(node, f"kept_{end}") as connection:
        assert connection.execute("SELECT x FROM kept").fetchall() == [(1,)]
    node.drop_database(f"kept_{end}")


def test_it_runs_where_only_root_may_walk(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with PostgresNode(closed / "deep") as node, connect(node, "postgres") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    node.remove()
    assert not node.folder.exists()


def test_a_left_over_of_a_crashed_run_is_taken_over(tmp_path: Path):
    crashed = PostgresNode(tmp_path)
    crashed.start()
    crashed.create_database("kept")
    again = PostgresNode(tmp_path)
    again.start()
    try:
        assert not crashed.is_running
        with connect(again, "kept") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        again.remove()
