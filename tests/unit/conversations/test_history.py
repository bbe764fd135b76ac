"""What of a conversation a model is shown, for every conversation that hypothesis can think of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conversations import history
from shared.conversations.history import Budget, window
from shared.conversations.records import Message
from shared.llm.candidates import Admissibility
from shared.llm.catalogue import Deployment
from shared.llm.contract import CallContext, ChatRequest, Surface
from shared.llm.errors import ContextOverflow, PromptTooLarge
from shared.llm.tokens import estimate_prompt, prompt_characters
from tests.unit.conversations.made import message

CALL = [{"id": "t1", "type": "function", "function": {"name": "busca", "arguments": "{}"}}]
LARGE = Budget(10_000, 100_000)


@st.composite
def talks(draw: st.DrawFn) -> list[Message]:
    """Turns with and without tools, failed answers among them, ending with what a person says."""
    path: list[Message] = []

    def say(role: str, content: str, **columns: object) -> None:
        path.append(message(len(path) + 1, role, content, **columns))

    for kind in draw(st.lists(st.sampled_from(["plain", "tool", "failed", "interrupted"]), max_size=12)):
        text = st.text("ab ", min_size=1, max_size=120)
        say("user", draw(text))
        if kind == "tool":
            say("assistant", "", tool_calls=CALL)
            for _ in range(draw(st.integers(1, 3))):
                say("tool", draw(text), tool_call_id="t1")
        said = "" if kind == "failed" else draw(text)
        say("assistant", said, status={"failed": "error", "interrupted": "interrupted"}.get(kind, "complete"))
    say("user", draw(st.text("ab ", min_size=1, max_size=60)))
    return path


@given(talks(), st.integers(60, 600), st.floats(1, 3), st.none() | st.text("s", max_size=80), st.booleans())
@settings(deadline=None, max_examples=300)
def test_the_window_holds_its_promises(
    path: list[Message], tokens: int, calibration: float, summary: str | None, with_system: bool
) -> None:
    budget = Budget(tokens, 4 * tokens, calibration)
    system = "Seja breve." if with_system else None
    try:
        made = window(path, budget, system=system, summary=summary)
    except (ContextOverflow, PromptTooLarge):
        alone = ChatRequest(([{"role": "system", "content": system}] if system else []) + [history.to_model(path[-1])])
        assert estimate_prompt(alone) * calibration + 1 > tokens or prompt_characters(alone) > budget.characters
        return
    request = ChatRequest(made.messages)
    assert estimate_prompt(request) * calibration <= tokens
    assert prompt_characters(request) <= budget.characters
    shown = [one for one in made.messages if one["role"] != "system"]
    spoken = [history.to_model(one) for one in path if history.spoken(one)]
    assert shown == spoken[len(spoken) - len(shown) :]
    assert len(made.cut) == len(spoken) - len(shown)
    assert shown[-1]["content"] == path[-1].content
    assert shown[0]["role"] == "user"
    if system:
        assert made.messages[0]["content"].startswith(system)
    assert sum(one["role"] == "system" for one in made.messages) <= 1


@given(talks())
def test_what_fits_is_not_cut(path: list[Message]) -> None:
    made = window(path, LARGE, summary="não é preciso")
    assert made.cut == []
    assert all(one["role"] != "system" for one in made.messages)


def test_a_summary_takes_the_place_of_what_is_cut() -> None:
    path = [message(n, "user" if n % 2 else "assistant", "a" * 100) for n in range(1, 12)]
    made = window(path, Budget(150, 10_000), system="Seja breve.", summary="Falou-se de sepse.")
    head = made.messages[0]["content"]
    assert head.startswith("Seja breve.") and head.endswith("Falou-se de sepse.")
    assert made.cut[0].seq == 1


def test_a_summary_that_leaves_no_room_is_left_out() -> None:
    path = [message(1, "user", "a" * 200), message(2, "assistant", "b"), message(3, "user", "c" * 200)]
    made = window(path, Budget(70, 10_000), summary="s" * 200)
    assert [one["role"] for one in made.messages] == ["user"]


def test_a_message_over_the_window_or_the_house_is_refused() -> None:
    with pytest.raises(ContextOverflow):
        window([message(1, "user", "a" * 1000)], Budget(100, 10_000))
    with pytest.raises(PromptTooLarge):
        window([message(1, "user", "a" * 1000)], Budget(10_000, 500))


def test_a_result_without_its_request_is_not_sent() -> None:
    path = [message(1, "tool", "x", tool_call_id="t0"), message(2, "user", "A")]
    assert [one["role"] for one in window(path, LARGE).messages] == ["user"]


def test_estimates_follow_what_the_provider_counted() -> None:
    counted = {"usage_source": "provider", "prompt_estimate": 100}
    assert history.calibration([message(1, "assistant", "a", prompt_tokens=150, **counted)]) == 1.5
    assert history.calibration([message(1, "assistant", "a", prompt_tokens=50, **counted)]) == 1.0
    assert history.calibration([message(1, "assistant", "a", prompt_tokens=9_000, **counted)]) == 3.0
    assert history.calibration([message(1, "user", "a")]) == 1.0


@pytest.mark.parametrize(("context_tokens", "max_output_tokens"), [(8_192, 4_096), (32_768, 8_192), (4_096, 256)])
def test_the_gateway_lets_through_whatever_is_shown(context_tokens: int, max_output_tokens: int) -> None:
    """It wants room for the longest answer that a deployment may give."""
    limits = {"context_tokens": context_tokens, "max_output_tokens": max_output_tokens}
    asked = Deployment(provider="offline", model="m", **limits)
    path = [message(n, "user" if n % 2 else "assistant", "a" * 397) for n in range(1, context_tokens // 50)]
    shown = window(path, Budget.of_window(**limits, characters=10_000_000))
    assert shown.cut
    call = CallContext(Surface.CHAT, 5.0)
    rules = Admissibility(transfer_allowed=False)
    candidates, reasons = rules.sort([("a", asked)], {"a": True}, ChatRequest(shown.messages), call)
    assert candidates and not reasons


def test_the_answer_keeps_its_room() -> None:
    assert Budget.of_window(8_000, 500, 1).tokens == 6_000
    assert Budget.of_window(200_000, 500, 1).tokens == 200_000 - 4_096
    assert Budget.of_window(8_000, 4_096, 1).tokens == 8_000 - 4_096
    assert Budget.of_window(200_000, 64_000, 1).tokens == 200_000 - 64_000
