"""When the older half of a conversation is summarised, and where that half ends."""

from __future__ import annotations

from typing import Any

import pytest

from api.chat import summarising
from api.chat.prompt import Prompt
from shared.conversations.history import Budget, Window, window
from shared.conversations.messages import PATH_LIMIT
from shared.conversations.records import Message, Summary
from shared.errors import ModelRefused
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Surface, Usage
from shared.llm.tokens import prompt_characters
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


def test_the_house_s_own_limit_fills_a_window_that_is_larger() -> None:
    """What it leaves out of the prompt must have been told."""
    told = _due(_talk(5, 400), Budget(1_000_000, 4_800))
    assert told == [1, 2, 3, 4, 5, 6]
    assert _due(_talk(5, 400), Budget(1_000_000, 5_400)) == []


def test_many_short_messages_are_summarised_before_they_are_read_no_more() -> None:
    assert _due(_talk(PATH_LIMIT // 4, 10), LARGE) == []
    assert _due(_talk(PATH_LIMIT * 3 // 8 + 1, 10), LARGE) != []


def test_one_long_exchange_has_no_older_half() -> None:
    assert _due(_talk(1, 4_000), Budget(1_200, 100_000)) == []


def test_a_branch_that_was_not_read_whole_is_told_by_its_summary() -> None:
    path = [message(9, "user", "A", parent_id="m8"), message(10, "assistant", "B"), message(11, "user", "C")]
    assert window(path, LARGE, summary="resumo").messages[0]["role"] == "system"
    assert [one["role"] for one in window(path[1:], LARGE, summary="resumo").messages] == ["system", "user"]


class _Listening:
    """A gateway that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.characters = 0

    async def complete(self, request: ChatRequest, context: CallContext) -> ChatReply:
        self.asked.append(request.messages[-1]["content"])
        self.characters = prompt_characters(request)
        return ChatReply("resumo", (), "stop", Usage(1, 1, "estimate"), "offline", "m", "d", context.request_id)


@pytest.mark.parametrize("room", range(1_200, 1_212))
async def test_what_is_cut_in_front_leaves_no_half_of_a_name(room: int) -> None:
    """The door knows `Zuleide`; it cannot know `leide`."""
    gateway: Any = _Listening()
    told = [message(1, "user", "a Zuleide dormiu; " * 300)]
    prompt = Prompt(Window([], [], 0), told, None, Budget(room, 100_000))
    await summarising.summarised(gateway, prompt, told, None, CallContext(Surface.CHAT, 5.0))
    (shown,) = gateway.asked
    assert shown.startswith(" ") and set(shown.split()) == {"a", "Zuleide", "dormiu;"}


async def test_what_is_asked_keeps_to_the_house_s_own_limit() -> None:
    gateway: Any = _Listening()
    told = [message(1, "user", "a Zuleide dormiu; " * 300)]
    prompt = Prompt(Window([], [], 0), told, Summary("c1", "m0", 0, "resumo", "r1"), Budget(1_000_000, 2_000))
    await summarising.summarised(gateway, prompt, told, None, CallContext(Surface.CHAT, 5.0))
    assert 1_900 < gateway.characters <= 2_000


async def test_a_table_is_cut_between_two_lines_and_what_has_no_gap_is_not_summarised() -> None:
    gateway: Any = _Listening()
    row = "39053344705;" * 9 + "Zuleide\n"
    for room in (1_200, 1_203):
        told = [message(1, "user", row * 60)]
        prompt = Prompt(Window([], [], 0), told, None, Budget(room, 100_000))
        await summarising.summarised(gateway, prompt, told, None, CallContext(Surface.CHAT, 5.0))
        assert set(gateway.asked[-1].split()) == {row.strip()}
    told = [message(1, "user", "39053344705;" * 600)]
    prompt = Prompt(Window([], [], 0), told, None, Budget(1_200, 100_000))
    with pytest.raises(ModelRefused):
        await summarising.summarised(gateway, prompt, told, None, CallContext(Surface.CHAT, 5.0))
    assert len(gateway.asked) == 2
