"""What a model or a filter will not say is an answer that says so: asked for once, no fault of the deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.llm.contract import ChatReply, Finished, TextDelta
from tests.unit.llm.engine.books import Books, OpenBreakers
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway
from tests.unit.llm.wire.canned_server import canned, events

NO = "Não posso ajudar com isso."
USAGE = {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}
BLOCKED = {"promptFeedback": {"blockReason": "SAFETY"}}
REFUSED = {
    "choices": [
        {"index": 0, "message": {"role": "assistant", "refusal": NO, "content": None}, "finish_reason": "stop"}
    ],
    "usage": USAGE,
}


def delta(finish: str | None = None, **said: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": said, "finish_reason": finish}]}


REFUSING = events(
    delta(role="assistant", content="", refusal=None), delta(refusal=NO[:9]), delta(refusal=NO[9:]), delta("stop"),
    {"choices": [], "usage": USAGE}, end="[DONE]",
)  # fmt: skip


async def told(provider: str, answer: bytes, kind: str) -> tuple[ChatReply, str]:
    """The reply, and what of it came piece by piece."""
    books, breakers, pieces = Books(), OpenBreakers(), [""]
    async with canned(answer, kind=kind) as url:
        gateway = make_gateway(catalogue(2, a=deployment(url, provider)), books=books, breakers=breakers)
        if kind == "application/json":
            reply = await gateway.complete(REQUEST, context())
        else:
            *said, last = [event async for event in gateway.stream(REQUEST, context())]
            assert isinstance(last, Finished)
            reply, pieces = last.reply, [piece.text for piece in said if isinstance(piece, TextDelta)]
        await gateway.close()
    assert [one.outcome for one in books.settled] == ["ok"]
    assert breakers.failures == []
    return reply, "".join(pieces)


@pytest.mark.parametrize(
    ("answer", "kind", "streamed"),
    [(json.dumps(REFUSED).encode(), "application/json", ""), (REFUSING, "text/event-stream", NO)],
)
async def test_a_refusal_is_the_text_of_an_answer_that_was_withheld(answer: bytes, kind: str, streamed: str) -> None:
    reply, pieces = await told("openai", answer, kind)
    assert (reply.text, reply.finish_reason, pieces) == (NO, "content_filter", streamed)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (5, 6)


@pytest.mark.parametrize(
    ("answer", "kind"), [(json.dumps(BLOCKED).encode(), "application/json"), (events(BLOCKED), "text/event-stream")]
)
async def test_a_prompt_that_gemini_blocks_is_not_sent_again(answer: bytes, kind: str) -> None:
    reply, _ = await told("gemini", answer, kind)
    assert (reply.text, reply.finish_reason) == ("", "content_filter")
