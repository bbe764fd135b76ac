"""When the older half of a conversation is summarised, and where that half ends."""

from __future__ import annotations

from api.chat import summarising
from api.chat.prompt import Prompt
from shared.conversations.history import Budget, Window, window
from shared.conversations.messages import PATH_LIMIT
from shared.conversations.records import Message, Summary
from tests.unit.conversations.made import message

LARGE = Budget(100_000, 1_000_000)


def _talk(turns: int, size: int) -> list[Message]:
    """Questions and answers in turn; the last question is unanswered."""
    return [message(n, "user" if n % 2 else "assistant", "a" * size) for n in range(1, 2 * turns)]


def _due(path: list[Message], budget: Budget, summary: Summary | None = None) -> list[int]:
    answer = message(len(path) + 1, "assistant", path[-1].content)
    prompt = Prompt(Window([], [], 0), path, summary, budget)
    return [one.seq for one in summarising.due(prompt, answer)]


def test_nothing_while_there_is_room() -> None:
    assert _due(_talk(5, 100), LARGE) == []


def test_the_older_half_ends_before_a_question() -> None:
    told = _due(_talk(5, 400), Budget(1_200, 100_000))
    assert told == [1, 2, 3, 4, 5, 6]


def test_what_was_told_is_not_told_again() -> None:
    summary = Summary("c1", "m6", 6, "resumo", "r1")
    assert _due(_talk(5, 400), Budget(1_200, 100_000), summary) == []
    assert _due(_talk(8, 400), Budget(1_200, 100_000), summary)[0] == 7


def test_many_short_messages_are_summarised_before_they_are_read_no_more() -> None:
    assert _due(_talk(PATH_LIMIT // 4, 10), LARGE) == []
    assert _due(_talk(PATH_LIMIT * 3 // 8 + 1, 10), LARGE) != []


def test_one_long_exchange_has_no_older_half() -> None:
    assert _due(_talk(1, 4_000), Budget(1_200, 100_000)) == []


def test_a_branch_that_was_not_read_whole_is_told_by_its_summary() -> None:
    path = [message(9, "user", "A", parent_id="m8"), message(10, "assistant", "B"), message(11, "user", "C")]
    assert window(path, LARGE, summary="resumo").messages[0]["role"] == "system"
    assert [one["role"] for one in window(path[1:], LARGE, summary="resumo").messages] == ["system", "user"]
