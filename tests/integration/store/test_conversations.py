"""Conversations on both databases: the tree, one answer at a time, leases, and what erasing leaves."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.conversations import answers, messages, store, summaries
from shared.conversations.answers import NewAnswer, Piece
from shared.conversations.records import Conversation, Message, MessageStatus, Outcome, Owner, Role, Summary
from shared.conversations.schema import conversation_messages, conversation_summaries
from shared.database import Database
from shared.errors import Conflict, IdempotencyMismatch, NotFound
from shared.llm.contract import Surface, Usage

MESSAGES, LEASES = "conversation_messages", "ix_conversation_messages_lease"
OWNER = Owner("default", "anonymous")


def _talk(connection: Connection, **columns: Any) -> Conversation:
    return store.create(connection, OWNER, Surface.CHAT, **columns)


def _said(connection: Connection, talk: Conversation, parent: Message | None, content: str = "Oi") -> Message:
    return messages.append(connection, talk, Role.USER, content, parent_id=parent.id if parent else None)


def _begun(connection: Connection, talk: Conversation, question: Message, **fields: Any) -> Message:
    given: dict[str, Any] = {"owner": "p1", "lease_s": 60, "request_id": "r1", "model": None}
    return answers.begin(connection, talk, NewAnswer(question.id, **(given | fields)))


def _whole(message: Message, content: str = "Sim") -> Outcome:
    usage = Usage(3, 4, "provider")
    return Outcome(message.id, MessageStatus.COMPLETE, content, "stop", deployment="d", usage=usage, cost_microusd=5)


def test_a_branch_is_read_from_its_leaf(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        root = _said(connection, talk, None, "raiz")
        left, right = _said(connection, talk, root, "esquerda"), _said(connection, talk, root, "direita")
        leaf = _said(connection, talk, left, "folha")
        other = _said(connection, _talk(connection), None)
    with database.read() as connection:
        assert [m.content for m in messages.path(connection, talk.id, leaf.id)] == ["raiz", "esquerda", "folha"]
        assert [m.content for m in messages.path(connection, talk.id, leaf.id, limit=2)] == ["esquerda", "folha"]
        assert [m.seq for m in messages.page(connection, talk.id, 1, 2)] == [left.seq, right.seq]
        with pytest.raises(NotFound):
            messages.path(connection, talk.id, other.id)


def test_what_an_answer_brought_is_kept(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        answer = _begun(connection, talk, _said(connection, talk, None))
        pieces = [Piece(answer.id, 0, "Olá 👩"), Piece(answer.id, 5, ", você"), Piece(answer.id, 5, ", você")]
        assert answers.extend(connection, pieces) == [True, True, True]
        assert messages.get(connection, OWNER, answer.id).content == "Olá 👩, você"
        assert answers.end(connection, [_whole(answer), _whole(answer, "outra")]) == [True, False]
        assert answers.extend(connection, [Piece(answer.id, 0, "x")]) == [False]
        kept = messages.get(connection, OWNER, answer.id)
    assert (kept.content, kept.status, kept.finish_reason, kept.owner) == ("Sim", "complete", "stop", None)
    assert (kept.prompt_tokens, kept.completion_tokens, kept.usage_source, kept.cost_microusd) == (3, 4, "provider", 5)


def test_one_answer_at_a_time_and_a_dead_one_makes_room(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        question = _said(connection, talk, None)
        dead = _begun(connection, talk, question, lease_s=-1)
        alive = _begun(connection, talk, question)
        assert messages.get(connection, OWNER, dead.id).status == "interrupted"
    with pytest.raises(Conflict), database.write() as connection:
        _begun(connection, talk, question)
    with database.write() as connection:
        assert answers.renew(connection, "p1", [dead.id, alive.id], 60) == {alive.id}
        assert answers.renew(connection, "p2", [alive.id], 60) == set()
        assert answers.expire(connection, now()) == []
        assert answers.interrupt(connection, alive.id)
        assert not answers.interrupt(connection, alive.id)


def test_what_others_interrupt_keeps_all_that_was_read_out(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        answer = _begun(connection, talk, _said(connection, talk, None))
        answers.extend(connection, [Piece(answer.id, 0, "Até")])
        assert answers.interrupt(connection, answer.id)
        for said in ("Até aqui 👩", "Até"):
            assert answers.end(connection, [_whole(answer, said)]) == [False]
        kept = messages.get(connection, OWNER, answer.id)
    assert (kept.content, kept.status, kept.error_code) == ("Até aqui 👩", "interrupted", "interrupted")


def test_many_who_begin_at_once_begin_one(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        question = _said(connection, talk, None)
    outcomes: list[str] = []
    together = threading.Barrier(6)

    def begin() -> None:
        together.wait()
        try:
            with database.write() as connection:
                _begun(connection, talk, question)
            outcomes.append("begun")
        except Conflict:
            outcomes.append("busy")

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["begun"] + ["busy"] * 5


def test_a_key_finds_its_answer_until_it_failed_without_a_word(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        answer = _begun(connection, talk, _said(connection, talk, None), idempotency_key="k", body_hash="h")
        found = answers.known(connection, OWNER, "k", "h")
        assert found is not None and found.id == answer.id
        assert answers.known(connection, Owner("default", "outro"), "k", "h") is None
        with pytest.raises(IdempotencyMismatch):
            answers.known(connection, OWNER, "k", "outro")
        answers.end(connection, [Outcome(answer.id, MessageStatus.ERROR, "", error_code="x")])
        assert answers.known(connection, OWNER, "k", "h") is None


def test_a_key_survives_words_that_were_said(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        answer = _begun(connection, talk, _said(connection, talk, None), idempotency_key="k", body_hash="h")
        answers.extend(connection, [Piece(answer.id, 0, "Meia")])
        answers.interrupt(connection, answer.id)
        found = answers.known(connection, OWNER, "k", "h")
    assert found is not None and (found.status, found.content) == ("interrupted", "Meia")


def test_the_talk_goes_on_from_what_was_said_last(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        assert messages.newest_leaf(connection, talk.id) is None
        first = _said(connection, talk, None)
        answer = _begun(connection, talk, first)
        answers.end(connection, [_whole(answer)])
        failed = _begun(connection, talk, _said(connection, talk, answer))
        answers.end(connection, [Outcome(failed.id, MessageStatus.ERROR, "", error_code="x")])
        assert messages.newest_leaf(connection, talk.id) == answer.id
        unanswered = _said(connection, talk, answer)
        assert messages.newest_leaf(connection, talk.id) == unanswered.id


def test_a_message_with_a_known_id_is_written_once(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        one = messages.append(connection, talk, Role.USER, "Oi", parent_id=None, message_id="m1")
        again = messages.append(connection, talk, Role.USER, "Oi", parent_id=None, message_id="m1")
        assert one == again
        assert store.get(connection, OWNER, talk.id).last_seq == 1


def test_a_summary_counts_on_its_own_branch_only(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection)
        root = _said(connection, talk, None)
        left, right = _said(connection, talk, root), _said(connection, talk, root)
        for told, text in ((root, "da raiz"), (left, "da esquerda"), (left, "repetido")):
            summaries.add(connection, Summary(talk.id, told.id, told.seq, text, "r1"))
        found = [summaries.newest(connection, talk.id, [root, leaf]) for leaf in (left, right)]
        assert [one.content for one in found if one] == ["da esquerda", "da raiz"]
        assert summaries.newest(connection, talk.id, [right]) is None


def test_erasing_leaves_no_row(database: Database) -> None:
    with database.write() as connection:
        talk = _talk(connection, patient={"nome": "Rosa"})
        root = _said(connection, talk, None)
        summaries.add(connection, Summary(talk.id, root.id, root.seq, "x", "r1"))
        with pytest.raises(NotFound):
            store.erase(connection, Owner("default", "outro"), talk.id)
        store.erase(connection, OWNER, talk.id)
        for table in (conversation_messages, conversation_summaries):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_every_query_has_its_index(sqlite_store: Database) -> None:
    """SQLite plans by what indexes there are, whatever the tables hold."""
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    with sqlite_store.write() as connection:
        talk = _talk(connection)
        question = _said(connection, talk, None)
        event.listen(sqlite_store.engine, "before_cursor_execute", listen)
        answer = _begun(connection, talk, question, idempotency_key="k", body_hash="h")
        answers.known(connection, OWNER, "k", "h")
        answers.expire(connection, now())
        answers.renew(connection, "p1", [answer.id], 1)
        messages.newest_leaf(connection, talk.id)
        messages.path(connection, talk.id, answer.id)
        messages.page(connection, talk.id, 0, 10)
        store.page(connection, OWNER, (now(), "z"), 10)
        summaries.newest(connection, talk.id, [question])
        event.remove(sqlite_store.engine, "before_cursor_execute", listen)
        plans = [
            row.detail
            for statement, parameters in said
            if not statement.startswith("INSERT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert len(plans) > 10
    # Walking the index of what streams now is walking a few rows.
    assert {plan for plan in plans if plan.startswith("SCAN conv")} <= {f"SCAN {MESSAGES} USING INDEX {LEASES}"}
