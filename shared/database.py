"""One engine per process, SQLite or PostgreSQL, and what they disagree about.

Create a `Database` after the fork that uses it: connections do not survive a fork.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, create_engine, event, text
from sqlalchemy.engine import Connection, Dialect, Engine, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

from shared.errors import StoreUnavailable
from shared.settings import settings

metadata = MetaData()
"""Every table of the platform, whichever part declares it."""

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives to each new row; SQLite autoincrements only INTEGER keys."""

_SQLITE_BUSY_MS = 30_000
_CONNECT_TIMEOUT_S = 3
# A server's host that is gone says nothing, and by the system's defaults a statement would wait for it up to two hours:
# a connection without a sign of life from there ends within half a minute. A busy server's host answers all the same.
_SIGNS_OF_LIFE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,  # ms
}
_WRITE = "plantao_write"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on both databases; SQLite alone stores it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def only_where(condition: str) -> dict[str, Any]:
    """The option of an `Index` that makes it hold the rows of a condition only, on both databases."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class Database:
    """Short transactions on one store. `write` commits at the end of its block, `read` never locks."""

    def __init__(self, url: str, pool_size: int = 8, *, pooled: bool = True) -> None:
        self.engine = _engine(url, pool_size, pooled)

    @property
    def is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction. Raises StoreUnavailable when the database cannot be reached.

        `durable=False` is for what may be forgotten by a database that crashes within the next moment: PostgreSQL then
        does not wait for its disk, and nobody else's commit waits behind this one's.
        """
        with _translated(), self.engine.connect() as connection:
            connection = connection.execution_options(**{_WRITE: True})
            with connection.begin():
                if not durable and self.is_postgresql:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Reads without a transaction of their own. Raises StoreUnavailable likewise."""
        with _translated(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT") if self.is_postgresql else connection

    def close(self) -> None:
        self.engine.dispose()


@lru_cache(maxsize=1)
def process_database() -> Database:
    """For work that writes while its task runs: a small pool of the process's own, made on first use."""
    return Database(settings().platform.database_url.get_secret_value(), pool_size=2)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn 'cannot reach it' into StoreUnavailable; a wrong statement stays an error of ours."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreUnavailable(f"banco de dados indisponível ({type(error).__name__})") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable("conexão com o banco de dados perdida") from error
        raise


def _engine(url: str, pool_size: int, pooled: bool) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    pool: dict[str, Any] = (
        {"pool_size": pool_size, "max_overflow": 2, "pool_timeout": 5} if pooled else {"poolclass": NullPool}
    )
    return create_engine(
        url,
        hide_parameters=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "plantao", **_SIGNS_OF_LIFE},
        **pool,
    )


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    # NullPool would reopen the file for every statement; a queue pool keeps the page cache warm.
    engine = create_engine(url, hide_parameters=True, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_SQLITE_BUSY_MS}", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once; upgrading a read lock later can deadlock two writers.
        writes = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
