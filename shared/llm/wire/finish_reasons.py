"""Why a model stopped, in OpenAI's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.llm.failures import MalformedToolArguments

WITHHELD = "content_filter"
# No two providers mean different things by the same word. A word that is not here counts as no word at all: what is
# not known to be whole is not whole.
_WORDS = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "eos", "eos_token"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "model_length", "model_context_window_exceeded"), "length"),
    **dict.fromkeys(("tool_calls", "tool_use", "function_call"), "tool_calls"),
    **dict.fromkeys(
        ("content_filter", "refusal", "safety", "recitation", "language", "blocklist", "prohibited_content", "spii"),
        WITHHELD,
    ),
}
_KEYS = ("finish_reason", "stop_reason", "done_reason")
_BROKEN_CALL = frozenset({"malformed_function_call", "unexpected_tool_call"})


def finish_reason(*told: Mapping[str, Any] | None) -> str | None:
    """OpenAI's word for what the provider said in any of `told`; None when it said nothing that is known.

    Raises MalformedToolArguments where the provider itself gave up on the arguments of a call.
    """
    for source in filter(None, told):
        if (source.get("prompt_feedback") or {}).get("block_reason"):
            return WITHHELD  # Gemini's word for a prompt that it does not answer at all
        for key in _KEYS:
            word = str(source.get(key) or "").lower()
            if word in _BROKEN_CALL:
                raise MalformedToolArguments(word)
            if word in _WORDS:
                return _WORDS[word]
    return None
