"""`ports.ReplyCache` over the store: the same question about the same patient need not be paid for twice.

Off unless the catalogue's `cache_s` is set, and never without a `cache_scope`. The key is a keyed hash over the whole
request (messages with the results of tools, tools, parameters), what its `model` means in the catalogue, the tenant and
the scope, so an answer meets only the very same question in the same scope. The kept reply is patient data in the
clear; it is erased when it expires.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import orjson
import structlog
from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from shared.bulk import bulk_upsert
from shared.clock import now
from shared.database import Database
from shared.errors import ServiceUnavailable
from shared.group_commit import GroupCommit
from shared.llm.catalogue import Catalogue
from shared.llm.contract import CallContext, ChatReply, ChatRequest, ToolCall, Usage
from shared.llm.schema import cache

_log = structlog.get_logger(__name__)
_c = cache.c
_PAGE = 500
_PATIENCE_S = 2.0  # with a store that hangs: asking the model again is the lesser evil
# Cut off or filtered is no answer to give again.
_WHOLE = frozenset({"stop", "tool_calls"})


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer for as long as it may be used again."""

    key: str
    reply: str
    expires_at: datetime


def keep(connection: Connection, items: Sequence[Kept]) -> list[None]:
    """Write answers; a newer one takes the place of an older."""
    bulk_upsert(connection, cache, [asdict(item) for _, item in sorted({item.key: item for item in items}.items())])
    return [None] * len(items)


def forget_expired(connection: Connection, moment: datetime) -> int:
    """Erase answers that may not be used any more, at most a page of them; how many."""
    # What is being written anew just now is left alone: waiting for it while holding others could dead-lock.
    expired = select(_c.key).where(_c.expires_at <= moment).limit(_PAGE).with_for_update(skip_locked=True)
    found = list(connection.execute(expired).scalars())
    if found:
        connection.execute(delete(cache).where(_c.key.in_(found)))
    return len(found)


class NoCache:
    """Every question is asked anew."""

    async def get(self, request: ChatRequest, context: CallContext) -> ChatReply | None:
        return None

    async def put(self, request: ChatRequest, context: CallContext, reply: ChatReply) -> None:
        return None


class StoreReplyCache:
    """Answers of one house; `commits` knows the operation `keep`."""

    def __init__(self, commits: GroupCommit, database: Database, catalogue: Catalogue, secret: str) -> None:
        """`secret` is BLIND_INDEX_KEY: whoever reads the table cannot try out questions."""
        self._commits = commits
        self._database = database
        self._catalogue = catalogue
        self._lives = timedelta(seconds=catalogue.cache_s)
        self._secret = hmac.digest(secret.encode(), b"plantao:llm-cache", hashlib.sha256)

    async def get(self, request: ChatRequest, context: CallContext) -> ChatReply | None:
        """See `ports.ReplyCache`. It cost nothing this time and took no attempt; its usage is that of the first."""
        key = self._key(request, context)
        if key is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                text = await asyncio.to_thread(self._read, key)
        except (ServiceUnavailable, TimeoutError) as error:
            _log.warning("reply_cache_unavailable", error=type(error).__name__)
            return None
        return _restored(text, context.request_id) if text else None

    async def put(self, request: ChatRequest, context: CallContext, reply: ChatReply) -> None:
        """See `ports.ReplyCache`."""
        if reply.cached or reply.finish_reason not in _WHOLE:
            return
        try:
            key = self._key(request, context)
            if key is not None:
                item = Kept(key, orjson.dumps(reply).decode(), now() + self._lives)
                async with asyncio.timeout(_PATIENCE_S):
                    await asyncio.wrap_future(self._commits.submit(keep, item))
        except Exception as error:  # noqa: BLE001 - the caller has its answer; not keeping it costs money, no more
            _log.warning("reply_not_kept", error=type(error).__name__)

    def _key(self, request: ChatRequest, context: CallContext) -> str | None:
        """None: this call's answer may not be used again."""
        if not context.cache_scope:
            return None
        name = request.model or self._catalogue.default
        policy = self._catalogue.chosen(name)
        if policy is None:
            return None
        models = [[key, *_identity(self._catalogue, key)] for key in policy.deployments]
        parts = [
            context.tenant,
            context.cache_scope,
            name,
            models,
            request.messages,
            request.tools,
            dict(request.parameters),
        ]
        text = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self._secret, text, hashlib.sha256).hex()

    def _read(self, key: str) -> str | None:
        with self._database.read() as connection:
            query = select(_c.reply).where(_c.key == key, _c.expires_at > now())
            return connection.execute(query).scalar_one_or_none()


def _identity(catalogue: Catalogue, deployment: str) -> list[str | None]:
    """What answers under this id: another model under the same name must not give the old one's answers."""
    found = catalogue.deployments[deployment]
    return [found.provider, found.model, found.base_url]


def _restored(text: str, request_id: str) -> ChatReply:
    found = orjson.loads(text)
    calls = tuple(ToolCall(**call) for call in found.pop("tool_calls"))
    reply = ChatReply(**found | {"tool_calls": calls, "usage": Usage(**found["usage"])})
    return replace(reply, request_id=request_id, cost_microusd=0, attempts=0, cached=True)
