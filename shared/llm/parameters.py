"""Which parameters of OpenAI's chat each provider honours. What it does not is refused by name, never dropped.

A parameter that is here reaches the provider under its own name for it (`shared/llm/wire/`), which a test proves on
the body of the HTTP request. `None` means that the caller left it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.llm.contract import ChatRequest
from shared.llm.errors import ParameterRefused
from shared.llm.message_checks import refuse_unreadable
from shared.llm.parameter_checks import (
    EFFORTS,
    Check,
    any_whole,
    boolean,
    choice_of,
    format_of,
    mapping,
    number,
    one_of,
    stop_texts,
    text,
    usage_only,
    whole,
)

_ALL: Mapping[str, Check] = {
    "max_tokens": whole(1),
    "max_completion_tokens": whole(1),
    "stop": stop_texts,
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "stream_options": usage_only,
}
_SAMPLING: Mapping[str, Check] = {
    "seed": any_whole,
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
}
_CHOICES = choice_of("auto", "none", "required", named=True)
_FORMATS = format_of("text", "json_object", "json_schema")
_OPENAI: Mapping[str, Check] = {
    **_ALL,
    **_SAMPLING,
    "logit_bias": mapping,
    "metadata": mapping,
    "parallel_tool_calls": boolean,
    "prediction": mapping,
    "prompt_cache_key": text,
    "reasoning_effort": text,
    "response_format": _FORMATS,
    "safety_identifier": text,
    "service_tier": text,
    "store": boolean,
    "tool_choice": _CHOICES,
    "user": text,
    "verbosity": text,
}
HONOURED: Mapping[str, Mapping[str, Check]] = {
    "openai": _OPENAI,
    "openai_compatible": _OPENAI,
    "anthropic": {
        **_ALL,
        "temperature": number(0, 1),
        "parallel_tool_calls": boolean,
        "reasoning_effort": one_of(*EFFORTS),
        "response_format": format_of("text", "json_schema"),
        "tool_choice": _CHOICES,
        "user": text,
    },
    "gemini": {
        **_ALL,
        **_SAMPLING,
        "reasoning_effort": one_of(*EFFORTS),
        "response_format": _FORMATS,
        "tool_choice": _CHOICES,
    },
    "mistral": {
        **_ALL,
        **_SAMPLING,
        "parallel_tool_calls": boolean,
        "response_format": _FORMATS,
        "tool_choice": _CHOICES,
    },
    "ollama": {
        **_ALL,
        **_SAMPLING,
        "reasoning_effort": one_of(*EFFORTS),
        "response_format": _FORMATS,
        "tool_choice": choice_of("auto", "none", named=False),
    },
    # Nothing is sampled and nobody is told who asks: these can make no difference to it.
    "offline": {**_ALL, **_SAMPLING, "tool_choice": choice_of("auto", "none", named=False), "user": text},
}
# Values that only say what happens anyway: many clients send them always.
_NEUTRAL: Mapping[str, Any] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "metadata": {},
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "service_tier": "auto",
    "store": False,
    "tool_choice": "auto",
    "top_logprobs": 0,
}
_NEVER = {
    "audio": "respostas em áudio não são oferecidas",
    "function_call": "use tool_choice",
    "functions": "use tools",
    "logprobs": "a resposta não traz probabilidades",
    "modalities": "só há respostas em texto",
    "n": "só há uma resposta por pedido",
    "top_logprobs": "a resposta não traz probabilidades",
    "web_search_options": "a busca na web do provedor não é oferecida",
}


def refuse_unhonoured(provider: str, request: ChatRequest) -> None:
    """Raises ParameterRefused naming the first parameter, or part of a message, that the provider cannot honour."""
    given = given_parameters(request)
    honoured = HONOURED[provider]
    for name, value in given.items():
        if is_neutral(name, value):
            continue
        if name not in honoured:
            raise ParameterRefused(name, _NEVER.get(name, f"não é honrado pelo provedor {provider}"))
        reason = honoured[name](value)
        if reason:
            raise ParameterRefused(name, reason)
    _refuse_contradictions(provider, request, given)
    refuse_unreadable(provider, request.messages)


def given_parameters(request: ChatRequest) -> dict[str, Any]:
    """The parameters that the caller did not leave out."""
    return {name: value for name, value in request.parameters.items() if value is not None}


def asked_parameters(request: ChatRequest) -> dict[str, Any]:
    """Those that ask for something: for protocols that have no word for what happens anyway."""
    return {name: value for name, value in given_parameters(request).items() if not is_neutral(name, value)}


def is_neutral(name: str, value: Any) -> bool:
    """True for a value that asks for nothing but the usual."""
    usual = _NEUTRAL.get(name)
    return usual is not None and value == usual and isinstance(value, bool) is isinstance(usual, bool)


def _refuse_contradictions(provider: str, request: ChatRequest, given: Mapping[str, Any]) -> None:
    if {"max_tokens", "max_completion_tokens"} <= given.keys():
        raise ParameterRefused("max_tokens", "envie só max_completion_tokens")
    if not request.tools and given.get("tool_choice") not in (None, "auto", "none"):
        raise ParameterRefused("tool_choice", "exige tools")
