"""A question's turn in its conversation: in order, once, with its result and its callback, or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared import clock as clocks
from shared.conversations import store
from shared.conversations.records import Owner
from shared.database import Database
from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.contract import Surface
from shared.llm.errors import BudgetExhausted
from shared.tasks import answers, commands, settling
from shared.tasks.claiming import ClaimRequest, Refusal, claim
from shared.tasks.settling import Completed, NotCompleted
from shared.tasks.states import TaskStatus
from tests.integration.store.alerting import notices, told
from tests.integration.store.asking import OWNER, FakeModels, question, said_in, status, work_on, working
from tests.integration.store.clock import StoreClock
from tests.integration.store.rows import TENANT, adopt, foreign_task, results
from tests.unit.workers.runs import Answers

STRANGER = Owner(TENANT, "outro")
LEASE_OVER_S = 3600


def test_the_second_question_sees_the_first_and_its_answer(database: Database) -> None:
    models = FakeModels()
    first, conversation = question(database, "um", system="Seja breve.")
    second, _ = question(database, "dois", conversation)
    with working(database, models) as execution:
        work_on(execution, second)  # its message came first
        assert models.asked == []
        work_on(execution, first)
        work_on(execution, second)
    assert models.prompt(0) == [("system", "Seja breve."), ("user", "um")]
    assert models.prompt(1)[1:] == [("user", "um"), ("assistant", "resposta 1"), ("user", "dois")]
    assert said_in(database, conversation) == [*models.prompt(1)[1:], ("assistant", "resposta 2")]


def test_a_question_waits_for_the_earlier_ones_of_its_conversation_only(database: Database) -> None:
    first, conversation = question(database, "um")
    second, _ = question(database, "dois", conversation)
    other, _ = question(database, "outra conversa")
    with database.write() as connection:
        requests = [ClaimRequest(one, "conversas", "w1", 60) for one in (second, other, first)]
        held, *free = claim(connection, requests)
    assert held is Refusal.WAITS_FOR_EARLIER
    assert not any(isinstance(one, Refusal) for one in free)


def test_the_gateway_learns_for_whom_and_that_people_wrote_it(database: Database) -> None:
    models = FakeModels()
    task, _ = question(database, "um", model="padrao")
    with working(database, models) as execution:
        work_on(execution, task)
    (context,) = models.contexts
    assert (context.surface, context.tenant, context.client) == (Surface.WEBHOOK, OWNER.tenant, OWNER.client)
    assert (context.free_text, context.cache_scope, context.subject_id) == (True, None, task)
    assert models.asked[0].model == "padrao"


def test_an_answer_stands_with_its_result_and_its_callback(database: Database) -> None:
    task, conversation = question(database, "um")
    with working(database, FakeModels()) as execution:
        work_on(execution, task)
    assert told(database, task) == [("answer", "atendimento", "pending")]
    (notice,) = notices(database, task)
    assert (notice.data["status"], notice.data["run"]) == ("completed", 1)
    assert "resposta 1" not in str(notice.data)
    with database.read() as connection:
        answer = answers.read(connection, task, notice.data)
    assert (answer.conversation_id, answer.result["content"]) == (conversation, "resposta 1")
    assert answer.result["usage"]["cost_microusd"] == 5


def test_what_cannot_be_kept_is_not_told(database: Database) -> None:
    """The turn, the result and the callback are one transaction: one of them fails, none is there."""
    task, conversation = question(database, "um")
    with database.write() as connection:
        (held,) = claim(connection, [ClaimRequest(task, "conversas", "w1", 60)])

    def broken(_connection: Any) -> None:
        raise ZeroDivisionError

    assert not isinstance(held, Refusal)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        settling.settle(connection, [Completed(task, held.fence, held.run, {"content": "x"}, effect=broken)])
    assert (told(database, task), results(database, task), said_in(database, conversation)) == ([], [], [])


def test_an_answer_whose_lease_was_lost_leaves_nothing(database: Database, clock: StoreClock) -> None:
    task, conversation = question(database, "um")
    taken: list[Any] = []

    class Slow(FakeModels):
        """While it thinks, its lease ends and another worker takes the task."""

        def complete(self, *arguments: Any, **options: Any) -> Any:
            clock.advance(LEASE_OVER_S)
            with database.write() as connection:
                taken.extend(claim(connection, [ClaimRequest(task, "conversas", "w2", 60)]))
            return super().complete(*arguments, **options)

    with working(database, Slow()) as execution:
        work_on(execution, task)
    assert (told(database, task), said_in(database, conversation)) == ([], [])
    result = {"content": "da outra"}
    with database.write() as connection:
        assert settling.settle(connection, [Completed(task, taken[0].fence, taken[0].run, result)]) == [True]
    assert [one.data["status"] for one in notices(database, task)] == ["completed"]


def test_a_worker_that_died_after_the_answer_is_asked_for_again_and_one_turn_stands(database: Database) -> None:
    task, conversation = question(database, "um")
    with database.write() as connection:
        (lost,) = claim(connection, [ClaimRequest(task, "conversas", "morto", -1)])
    assert not isinstance(lost, Refusal)
    models = FakeModels()
    with working(database, models) as execution:
        work_on(execution, task)
        work_on(execution, task)
    with database.write() as connection:
        late = Completed(task, lost.fence, lost.run, {"content": "tarde demais"}, effect=lambda _: 1 / 0)
        assert settling.settle(connection, [late]) == [False]
    assert said_in(database, conversation) == [("user", "um"), ("assistant", "resposta 1")]
    assert len(notices(database, task)) == 1


def test_a_replay_replaces_the_answer_and_is_told_under_an_id_of_its_own(database: Database) -> None:
    models = FakeModels()
    task, conversation = question(database, "um")
    with working(database, models) as execution:
        work_on(execution, task)
        work_on(execution, question(database, "dois", conversation)[0])
        with database.write() as connection:
            commands.replay(connection, TENANT, task, clocks.now())
        work_on(execution, task)
    assert models.prompt(2) == [("user", "um")]
    assert [text for _, text in said_in(database, conversation)] == ["um", "resposta 3", "dois", "resposta 2"]
    first, second = notices(database, task)
    assert (first.data["run"], second.data["run"]) == (1, 2)
    with database.read() as connection:
        assert answers.read(connection, task, first.data).result["content"] == "resposta 1"


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ([ModelRefused("o modelo recusou")], "model_refused"),
        ([BudgetExhausted("acabou", clocks.now() + timedelta(hours=1))], "budget_exhausted"),
        ([ModelUnavailable("fora"), ModelUnavailable("fora")], "model_unavailable"),
    ],
)
def test_a_failure_is_told_by_its_code_and_is_no_part_of_the_talk(
    database: Database, failures: list[Exception], code: str
) -> None:
    models = FakeModels()
    models.failures = list(failures)
    task, conversation = question(database, "um")
    with working(database, models) as execution:
        while status(database, task)[0] not in ("failed", "completed"):
            work_on(execution, task)
        assert status(database, task) == ("failed", code)
        work_on(execution, question(database, "dois", conversation)[0])
    (notice,) = notices(database, task)
    assert (notice.kind, notice.data["status"], notice.data["error"]) == ("answer", "failed", code)
    assert [text for _, text in said_in(database, conversation)] == ["dois", "resposta " + str(len(failures) + 1)]


def test_whoever_waits_hears_of_a_cancel_too(database: Database) -> None:
    task, _ = question(database, "um")
    with database.write() as connection:
        commands.cancel(connection, TENANT, task)
    assert [(one.kind, one.data["status"]) for one in notices(database, task)] == [("answer", "cancelled")]


def test_whoever_waits_hears_of_a_cancel_in_mid_answer_and_nobody_else_does(database: Database) -> None:
    task, conversation = question(database, "um")
    (foreign,) = adopt(database, foreign_task("externa"))
    with database.write() as connection:
        held = [claim(connection, [ClaimRequest(task, "conversas", "w1", 60)])[0]]
        held += claim(connection, [ClaimRequest(foreign, "eco", "w1", 60)])
        for one in held:
            assert not isinstance(one, Refusal)
            settling.settle(connection, [NotCompleted(one.task_id, one.fence, TaskStatus.CANCELLED)])
    assert [(one.kind, one.data["status"]) for one in notices(database, task)] == [("answer", "cancelled")]
    assert (told(database, foreign), said_in(database, conversation)) == ([], [])


def test_a_conversation_of_somebody_else_is_none(database: Database) -> None:
    theirs, conversation = question(database, "um", owner=STRANGER)
    models = FakeModels()
    task, _ = question(database, "o que ele disse?", conversation)
    with working(database, models) as execution:
        with database.write() as connection:
            commands.cancel(connection, TENANT, theirs)  # or it would be waited for
        work_on(execution, task)
    assert (models.asked, status(database, task)) == ([], ("failed", "rules_failed"))


def test_an_erased_conversation_stays_erased(database: Database) -> None:
    task, conversation = question(database, "um")

    class Erased(FakeModels):
        """While it thinks, the conversation is erased."""

        def complete(self, *arguments: Any, **options: Any) -> Any:
            with database.write() as connection:
                store.erase(connection, OWNER, conversation)
            return super().complete(*arguments, **options)

    with working(database, Erased()) as execution:
        work_on(execution, task)
    assert status(database, task) == ("completed", None)
    with pytest.raises(Exception, match="conversa"):
        said_in(database, conversation)
    assert told(database, task) == [("answer", "atendimento", "pending")]


def test_a_question_of_another_system_begins_a_conversation_named_after_it(database: Database) -> None:
    models = FakeModels()
    body = {"event": "resposta", "payload": {"message": "um", "callback_id": "atendimento"}, "id": "externo-1"}
    with working(database, models) as execution:
        execution.process(Answers().delivery(body, None))
        execution.process(Answers().delivery(body, None))
    stranger = Owner(TENANT, "amqp:conversas")
    task = models.contexts[0].subject_id or ""
    assert said_in(database, task, stranger) == [("user", "um"), ("assistant", "resposta 1")]
    assert (len(models.asked), told(database, task)) == (1, [("answer", "atendimento", "pending")])
