"""Which parameters of a chat request go to the provider, and which this house refuses itself, with the reason.

A value that asks for what happens anyway (`n: 1`, `store: false`, a penalty of 0) is honoured by leaving it off.
"""

from __future__ import annotations

from typing import Any

from api.openai.request import FORWARDED, ChatCompletionRequest
from shared.llm.errors import ParameterRefused

_KEEPS = "o provedor guardaria o conteúdo, que pode falar de pacientes"
_TOOLS = "forma antiga; use tools e tool_choice"

# Parameter → values that change nothing, and why any other is refused.
REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "n": ((1,), "uma resposta por pedido; repita o pedido"),
    "logprobs": ((False,), "as respostas desta casa não trazem probabilidades"),
    "top_logprobs": ((0,), "as respostas desta casa não trazem probabilidades"),
    "modalities": ((["text"],), "só texto"),
    "audio": ((), "só texto"),
    "prediction": ((), "não é anonimizada nem encaminhada"),
    "moderation": ((), "não é feita por modelos externos nesta casa"),
    "web_search_options": ((), "nenhum modelo busca na Internet a partir desta casa"),
    "store": ((False,), _KEEPS),
    "metadata": (({},), "só vale com store, que esta casa não usa"),
    "prompt_cache_key": ((), _KEEPS),
    "prompt_cache_options": ((), _KEEPS),
    "prompt_cache_retention": ((), _KEEPS),
    "service_tier": (("auto", "default"), "o contrato com o provedor é da casa"),
    "functions": (([],), _TOOLS),
    "function_call": (("none", "auto"), _TOOLS),
}
_IDLE: dict[str, Any] = {
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
    "response_format": {"type": "text"},
    "tool_choice": "auto",
}


def refuse_what_no_answer_honours(asked: ChatCompletionRequest) -> None:
    """Raise ParameterRefused for the first parameter that this house cannot honour, whatever the model."""
    for name, (harmless, reason) in REFUSED.items():
        value = getattr(asked, name)
        if value is not None and value not in harmless:
            raise ParameterRefused(name, reason)
    if asked.stream_options and asked.stream_options.include_obfuscation:
        raise ParameterRefused("stream_options.include_obfuscation", "os fragmentos não são preenchidos nesta casa")


def to_forward(body: dict[str, Any]) -> dict[str, Any]:
    """The parameters for the provider, as the caller wrote them."""
    return {
        name: body[name] for name in FORWARDED if body.get(name) is not None and body[name] != _IDLE.get(name, _ABSENT)
    }


_ABSENT = object()
