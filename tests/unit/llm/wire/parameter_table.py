"""docs/model-parameters.md, made of the same table that the tests prove.

`python -m tests.unit.llm.wire.parameter_table` writes it.
"""

from __future__ import annotations

from pathlib import Path

from shared.llm.contract import ChatRequest
from shared.llm.errors import ParameterRefused
from shared.llm.parameters import HONOURED, refuse_unhonoured
from tests.unit.llm.wire.asked_parameters import ASKED, MESSAGES, SENT, TOOL

DOCUMENT = Path(__file__).parents[4] / "docs" / "model-parameters.md"
_HEAD = """# Parameters of OpenAI's chat at each provider
<!-- Written by `python -m tests.unit.llm.wire.parameter_table`; a test compares it with what the gateway does. -->
Every parameter is forwarded under the provider's own name for it (proved on the HTTP body) or refused with 400 and its
name before anything is sent; none is dropped. A value that asks for nothing but the usual (`n: 1`, `logprobs: false`,
`tool_choice: "auto"`, `presence_penalty: 0`, …) is accepted everywhere. Where the caller names no limit, the
deployment's `max_output_tokens` is sent.

- A policy asks only those of its deployments that honour the whole request; where none does, the caller is refused.
- `openai` below is `openai_compatible` too: vLLM, OpenRouter, llama.cpp. What such a server makes of a parameter is
  its own affair: it may ignore one that it was sent.
- Anthropic: `temperature` up to 1; `response_format` only `json_schema`; `reasoning_effort` low, medium or high.
- Gemini: `reasoning_effort` low, medium or high. Ollama: the same; `tool_choice` only `auto` and `none`; `num_ctx` is
  always the deployment's `context_tokens`, because Ollama silently cuts a prompt to its own default window.
- Messages: pictures go to every provider but the offline one, as `data:` only for Gemini and Ollama; audio and files
  only to `openai` and `openai_compatible`. Names of participants, and for Anthropic and Gemini a system message after
  the first other message, are refused where the provider has no place for them.
- Offline: nothing is sampled, so sampling parameters make no difference; `max_tokens` counts words.
"""
_COLUMNS = ("openai", "anthropic", "gemini", "mistral", "ollama", "offline")


def table() -> str:
    """The whole document."""
    rows = [f"| parameter | {' | '.join(_COLUMNS)} |", f"|---|{'---|' * len(_COLUMNS)}"]
    rows += [f"| `{name}` | {' | '.join(_cell(provider, name) for provider in _COLUMNS)} |" for name in ASKED]
    return _HEAD + "\n" + "\n".join(rows) + "\n"


def _cell(provider: str, name: str) -> str:
    try:
        refuse_unhonoured(provider, ChatRequest(MESSAGES, [TOOL], parameters={name: ASKED[name]}))
    except ParameterRefused:
        return "auto, none" if name in HONOURED[provider] else "refused"
    sent = SENT.get(provider, {}).get(name)
    path = sent[0] if isinstance(sent, tuple) else sent
    return f"`{path}`" if path else "yes"


if __name__ == "__main__":
    DOCUMENT.write_text(table())
