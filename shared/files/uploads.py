"""Every query about uploads. Ids are UUID version 7, so their order is the order of arrival."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from shared.files.schema import uploads

_u = uploads.c


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is whole on disk. `path` is its key in `shared.files.store.FileStore`; `size` is in bytes."""

    id: str
    tenant: str
    client: str
    name: str
    description: str
    media_type: str
    size: int
    sha256: str
    path: str
    created_at: datetime


def add(connection: Connection, upload: Upload) -> None:
    """Make it known. Commit only once the bytes are durable."""
    values = {name: getattr(upload, name) for name in Upload.__slots__}
    connection.execute(insert(uploads).values(values))


def find(connection: Connection, tenant: str, upload_id: str) -> Upload | None:
    """One upload of the tenant, or None."""
    row = connection.execute(select(uploads).where(_u.tenant == tenant, _u.id == upload_id)).one_or_none()
    return Upload(**row._mapping) if row else None


def find_all(connection: Connection, tenant: str, ids: Collection[str]) -> dict[str, Upload]:
    """Those of `ids` that the tenant has, by id."""
    rows = connection.execute(select(uploads).where(_u.tenant == tenant, _u.id.in_(ids)))
    return {row.id: Upload(**row._mapping) for row in rows}


def page(connection: Connection, tenant: str, before: str | None, limit: int) -> list[Upload]:
    """Newest first; `before` is the id of the last one that the caller has seen."""
    query = select(uploads).where(_u.tenant == tenant).order_by(_u.id.desc()).limit(limit)
    rows = connection.execute(query.where(_u.id < before) if before else query)
    return [Upload(**row._mapping) for row in rows]


def remove(connection: Connection, tenant: str, upload_id: str) -> str | None:
    """Forget one upload; the key of its bytes, for the caller to delete after the commit, or None."""
    gone = delete(uploads).where(_u.tenant == tenant, _u.id == upload_id).returning(_u.path)
    return connection.execute(gone).scalar_one_or_none()
