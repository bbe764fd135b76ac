"""The body of POST /v1/chat/completions: every documented parameter, typed.

Three kinds: those that the house itself honours (`model`, `messages`, `tools`, `stream`, …), those forwarded to the
provider, which honours or refuses them (`FORWARDED`), and those that no answer of this house can honour
(`api/openai/parameters.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, ValidationInfo, field_validator

from api.openai.messages import TOOL_NAME, Message, Strict, check_order, text_or_parts

FORWARDED = (
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "response_format",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning_effort",
    "verbosity",
)


class FunctionDefinition(Strict):
    name: str = Field(pattern=TOOL_NAME)
    description: str | None = None
    parameters: dict[str, JsonValue] = {}
    strict: bool | None = None


class Tool(Strict):
    type: Literal["function"]
    function: FunctionDefinition


class _NamedFunction(Strict):
    name: str = Field(pattern=TOOL_NAME)


class NamedTool(Strict):
    type: Literal["function"]
    function: _NamedFunction


class JsonSchema(Strict):
    name: str = Field(pattern=TOOL_NAME)
    description: str | None = None
    schema_: dict[str, JsonValue] = Field({}, alias="schema")
    strict: bool | None = None


class TextFormat(Strict):
    type: Literal["text"]


class JsonObjectFormat(Strict):
    type: Literal["json_object"]


class JsonSchemaFormat(Strict):
    type: Literal["json_schema"]
    json_schema: JsonSchema


class StreamOptions(Strict):
    include_usage: bool | None = None
    include_obfuscation: bool | None = Field(None, description="Only false: this house pads no chunk")


_Format = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]
_StopWord = Annotated[str, Field(min_length=1)]
_Stop = Annotated[
    Annotated[_StopWord, Tag("text")] | Annotated[list[_StopWord], Field(min_length=1, max_length=4), Tag("parts")],
    Discriminator(text_or_parts),
]


class ChatCompletionRequest(Strict):
    """As OpenAI documents it. What is null counts as absent."""

    model_config = ConfigDict(json_schema_extra={"description": "Como a OpenAI documenta; docs/openai-api.md"})

    model: str = Field(min_length=1, max_length=128, description="A policy, a deployment or crew:<domain>.<event>")
    messages: list[Message] = Field(min_length=1, max_length=2048)
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: _Stop | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    response_format: _Format | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    safety_identifier: Annotated[str, Field(max_length=512)] | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    service_tier: str | None = None
    modalities: list[str] | None = None
    audio: dict[str, JsonValue] | None = None
    prediction: dict[str, JsonValue] | None = None
    moderation: dict[str, JsonValue] | None = None
    web_search_options: dict[str, JsonValue] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, JsonValue] | None = None
    prompt_cache_retention: str | None = None
    functions: list[dict[str, JsonValue]] | None = None
    function_call: str | dict[str, JsonValue] | None = None

    @field_validator("messages")
    @classmethod
    def _in_order(cls, messages: list[Message]) -> list[Message]:
        check_order(messages)
        return messages

    @field_validator("tools")
    @classmethod
    def _distinct(cls, tools: list[Tool] | None) -> list[Tool] | None:
        names = [tool.function.name for tool in tools or ()]
        if len(set(names)) != len(names):
            raise ValueError("dois têm o mesmo nome")
        return tools

    @field_validator("stream_options")
    @classmethod
    def _of_a_stream(cls, options: StreamOptions | None, info: ValidationInfo) -> StreamOptions | None:
        if options is not None and not info.data.get("stream"):
            raise ValueError("só vale com stream: true")
        return options

    @field_validator("tool_choice", "parallel_tool_calls")
    @classmethod
    def _of_the_tools(cls, value: Any, info: ValidationInfo) -> Any:
        names = {tool.function.name for tool in info.data.get("tools") or ()}
        if not names and value not in (None, "none", "auto", True):
            raise ValueError("só vale com tools")
        if isinstance(value, NamedTool) and value.function.name not in names:
            raise ValueError("não está entre os tools")
        return value

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)
