"""An answer is given again to the very same question in the same scope, and to no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from shared.clock import now
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.group_commit import GroupCommit
from shared.llm import cache as module
from shared.llm.cache import StoreReplyCache, forget_expired, keep
from shared.llm.contract import ChatReply, ChatRequest, ToolCall, Usage
from shared.llm.schema import cache
from tests.integration.store.conftest import emptied
from tests.integration.store.spending import catalogue, context

SECRET = "a-secret"
REQUEST = ChatRequest([{"role": "user", "content": "Resumo?"}], parameters={"temperature": 0})
REPLY = ChatReply(
    text="Leucocitose.",
    tool_calls=(ToolCall("c1", "buscar", {"exame": "hemograma"}),),
    finish_reason="tool_calls",
    usage=Usage(12, 7, "provider"),
    provider="offline",
    model="m",
    deployment="unico",
    request_id="r1",
    cost_microusd=321,
    attempts=2,
    fallback=True,
)
ANA = context(cache_scope="ana", request_id="r2")


@contextmanager
def kept(database: Database, cache_s: int = 60) -> Iterator[StoreReplyCache]:
    commits = GroupCommit(database, [keep])
    try:
        yield StoreReplyCache(commits, database, catalogue(cache_s=cache_s), SECRET)
    finally:
        commits.close()


async def test_the_same_question_in_the_same_scope_is_answered_free_of_charge(database: Database) -> None:
    with kept(database) as answers:
        assert await answers.get(REQUEST, ANA) is None
        await answers.put(REQUEST, ANA, REPLY)
        assert await answers.get(REQUEST, ANA) == replace(
            REPLY, request_id="r2", cost_microusd=0, attempts=0, cached=True
        )


_TOOL = {"type": "function", "function": {"name": "buscar", "parameters": {}}}


@pytest.mark.parametrize(
    ("request_", "whose"),
    [
        (REQUEST, context(cache_scope="rui")),
        (REQUEST, context(cache_scope=None)),
        (REQUEST, context(cache_scope="ana", tenant="other")),
        (replace(REQUEST, messages=[{"role": "user", "content": "resumo?"}]), ANA),
        (replace(REQUEST, messages=[*REQUEST.messages, {"role": "tool", "content": "8.1"}]), ANA),
        (replace(REQUEST, tools=[_TOOL]), ANA),
        (replace(REQUEST, parameters={"temperature": 1}), ANA),
        (replace(REQUEST, model="unico"), ANA),
    ],
)
async def test_whatever_differs_is_asked_anew(database: Database, request_: ChatRequest, whose: Any) -> None:
    with kept(database) as answers:
        await answers.put(REQUEST, ANA, REPLY)
        assert await answers.get(request_, whose) is None


async def test_another_model_behind_the_same_name_is_asked_anew(database: Database) -> None:
    with kept(database) as answers:
        await answers.put(REQUEST, ANA, REPLY)
        assert await answers.get(replace(REQUEST, model="padrao"), ANA) is not None
        only = answers._catalogue.deployments["unico"]
        other = {"unico": only.model_copy(update={"model": "m2"})}
        answers._catalogue = answers._catalogue.model_copy(update={"deployments": other})
        assert await answers.get(REQUEST, ANA) is None


@pytest.mark.parametrize("reply", [replace(REPLY, finish_reason="length"), replace(REPLY, cached=True)])
async def test_what_was_cut_off_or_came_from_here_is_not_kept(database: Database, reply: ChatReply) -> None:
    with kept(database) as answers:
        await answers.put(REQUEST, ANA, reply)
        assert await answers.get(REQUEST, ANA) is None


async def test_an_answer_is_erased_when_it_expires(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept(database) as answers:
        await answers.put(REQUEST, ANA, REPLY)
        later = now() + timedelta(seconds=61)
        monkeypatch.setattr(module, "now", lambda: later)
        assert await answers.get(REQUEST, ANA) is None
        await answers.put(REQUEST, context(cache_scope="rui"), REPLY)
    with database.write() as connection:
        assert forget_expired(connection, later) == 1
        assert len(connection.execute(select(cache)).all()) == 1


async def test_no_key_names_its_scope_or_question(database: Database) -> None:
    with kept(database) as answers:
        await answers.put(REQUEST, ANA, REPLY)
    with database.read() as connection:
        (key,) = connection.execute(select(cache.c.key)).scalars()
    assert len(key) == 64
    commits = GroupCommit(database, [keep])
    with_other_secret = StoreReplyCache(commits, database, catalogue(cache_s=60), "another")
    assert await with_other_secret.get(REQUEST, ANA) is None
    commits.close()


async def test_a_store_that_is_away_costs_a_call_and_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable

    with kept(database) as answers:
        await answers.put(REQUEST, ANA, REPLY)
        monkeypatch.setattr(database, "write", away)
        monkeypatch.setattr(database, "read", away)
        await answers.put(REQUEST, ANA, REPLY)
        assert await answers.get(REQUEST, ANA) is None


_SCOPES = st.none() | st.text(max_size=8)
_TEXTS = st.text(max_size=8)


def _checked(opened: Callable[[], StoreReplyCache]) -> Callable[..., None]:
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(_SCOPES, _TEXTS, _TEXTS), st.tuples(_SCOPES, _TEXTS, _TEXTS))
    def check(one: tuple[Any, str, str], other: tuple[Any, str, str]) -> None:
        keys = [
            opened()._key(ChatRequest([{"role": "user", "content": text}]), context(cache_scope=scope, tenant=tenant))
            for scope, tenant, text in (one, other)
        ]
        if not one[0]:
            assert keys[0] is None
        elif one == other:
            assert keys[0] == keys[1]
        else:
            assert keys[0] != keys[1]

    return check


def test_two_scopes_tenants_or_questions_never_share_a_key(sqlite_store: Database) -> None:
    with kept(emptied(sqlite_store)) as answers:
        _checked(lambda: answers)()
