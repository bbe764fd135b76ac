"""What a caller may ask of OpenAI's chat, and where in each provider's HTTP body it must be found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "r", "schema": SCHEMA}}
NAMED = {"type": "function", "function": {"name": "consultar"}}
TOOL = {
    "type": "function",
    "function": {
        "name": "consultar",
        "description": "d",
        "parameters": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
    },
}
MESSAGES = [{"role": "user", "content": "olá"}]
# What a caller may ask, none of it neutral.
ASKED: Mapping[str, Any] = {
    "audio": {"voice": "alloy", "format": "mp3"},
    "frequency_penalty": 0.5,
    "function_call": "none",
    "functions": [],
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "max_completion_tokens": 77,
    "max_tokens": 78,
    "metadata": {"setor": "uti"},
    "modalities": ["text", "audio"],
    "moderation": {},
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": -0.5,
    "prompt_cache_key": "k",
    "prompt_cache_options": {},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "response_format": JSON_SCHEMA,
    "safety_identifier": "s",
    "seed": 7,
    "service_tier": "flex",
    "stop": ["FIM"],
    "store": True,
    "stream_options": {"include_usage": True},
    "temperature": 0.3,
    "tool_choice": NAMED,
    "top_logprobs": 3,
    "top_p": 0.9,
    "user": "u-1",
    "verbosity": "low",
    "web_search_options": {},
}

_SAME = {
    name: name
    for name in (
        "frequency_penalty", "logit_bias", "max_completion_tokens", "max_tokens", "metadata", "parallel_tool_calls",
        "prediction", "presence_penalty", "prompt_cache_key", "reasoning_effort", "response_format",
        "safety_identifier", "seed", "service_tier", "stop", "store", "temperature", "tool_choice", "top_p", "user",
        "verbosity",
    )
}  # fmt: skip
# provider -> parameter -> where it stands in the body, and as what where that differs.
SENT: Mapping[str, Mapping[str, str | tuple[str, Any]]] = {
    "openai": {**_SAME, "max_tokens": "max_completion_tokens"},
    "openai_compatible": _SAME,
    "anthropic": {
        "max_completion_tokens": "max_tokens",
        "max_tokens": "max_tokens",
        "parallel_tool_calls": ("tool_choice", {"type": "auto", "disable_parallel_tool_use": True}),
        "reasoning_effort": "output_config.effort",
        "response_format": ("output_config.format", {"type": "json_schema", "schema": SCHEMA}),
        "stop": "stop_sequences",
        "temperature": "temperature",
        "tool_choice": ("tool_choice", {"type": "tool", "name": "consultar"}),
        "top_p": "top_p",
        "user": "metadata.user_id",
    },
    "gemini": {
        "frequency_penalty": "generationConfig.frequencyPenalty",
        "max_completion_tokens": "generationConfig.maxOutputTokens",
        "max_tokens": "generationConfig.maxOutputTokens",
        "presence_penalty": "generationConfig.presencePenalty",
        "reasoning_effort": ("generationConfig.thinkingConfig.thinking_level", "LOW"),
        "response_format": ("generationConfig.responseJsonSchema", SCHEMA),
        "seed": "generationConfig.seed",
        "stop": "generationConfig.stopSequences",
        "temperature": "generationConfig.temperature",
        "tool_choice": ("toolConfig.functionCallingConfig.allowedFunctionNames", ["consultar"]),
        "top_p": "generationConfig.topP",
    },
    "mistral": {
        "frequency_penalty": "frequency_penalty",
        "max_completion_tokens": "max_tokens",
        "max_tokens": "max_tokens",
        "parallel_tool_calls": "parallel_tool_calls",
        "presence_penalty": "presence_penalty",
        "response_format": "response_format",
        "seed": "random_seed",
        "stop": "stop",
        "temperature": "temperature",
        "tool_choice": "tool_choice",
        "top_p": "top_p",
    },
    "ollama": {
        "frequency_penalty": "options.frequency_penalty",
        "max_completion_tokens": "options.num_predict",
        "max_tokens": "options.num_predict",
        "presence_penalty": "options.presence_penalty",
        "reasoning_effort": "think",
        "response_format": ("format", SCHEMA),
        "seed": "options.seed",
        "stop": "options.stop",
        "temperature": "options.temperature",
        "top_p": "options.top_p",
    },
}
