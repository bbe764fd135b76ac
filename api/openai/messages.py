"""The messages of an OpenAI chat request, typed, and the order in which tools may speak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator

TOOL_NAME = r"^[a-zA-Z0-9_-]{1,64}$"


class Strict(BaseModel):
    """What is not documented is refused, and a number in quotation marks is no number."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class TextPart(Strict):
    type: Literal["text"]
    text: str


class Image(Strict):
    """In line only: by a link, a model server would fetch the picture itself, from inside the house."""

    url: str = Field(pattern=r"^data:image/[a-z+.-]+;base64,")
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(Strict):
    type: Literal["image_url"]
    image_url: Image


class RefusalPart(Strict):
    type: Literal["refusal"]
    refusal: str


def text_or_parts(content: Any) -> str:
    """Which of two forms a value has, so that a refusal speaks of the one that was sent."""
    return "parts" if isinstance(content, list) else "text"


_Text = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[TextPart], Field(min_length=1), Tag("parts")],
    Discriminator(text_or_parts),
]
_UserPart = Annotated[TextPart | ImagePart, Field(discriminator="type")]
_Asking = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[_UserPart], Field(min_length=1), Tag("parts")],
    Discriminator(text_or_parts),
]
_AnswerPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]
_Answer = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[_AnswerPart], Field(min_length=1), Tag("parts")],
    Discriminator(text_or_parts),
]


def _said_nothing(value: object) -> None:
    if value not in (None, []):
        raise ValueError("só null: nenhuma resposta desta casa traz isto")


_Nothing = Annotated[None, BeforeValidator(_said_nothing)]
_Name = Annotated[str, Field(min_length=1, max_length=64)]


class FunctionCall(Strict):
    """`arguments` is JSON text, as the model wrote it."""

    name: str = Field(pattern=TOOL_NAME)
    arguments: str

    @field_validator("arguments")
    @classmethod
    def _is_an_object(cls, text: str) -> str:
        try:
            parsed = orjson.loads(text or "{}")
        except orjson.JSONDecodeError:
            parsed = None
        if not isinstance(parsed, dict):
            raise ValueError("deve ser o texto de um objeto JSON")
        return text


class MessageToolCall(Strict):
    id: str = Field(min_length=1, max_length=256)
    type: Literal["function"]
    function: FunctionCall


class SystemMessage(Strict):
    role: Literal["system"]
    content: _Text
    name: _Name | None = None


class DeveloperMessage(Strict):
    """OpenAI's newer word for `system`."""

    role: Literal["developer"]
    content: _Text
    name: _Name | None = None


class UserMessage(Strict):
    role: Literal["user"]
    content: _Asking
    name: _Name | None = None


class AssistantMessage(Strict):
    """An answer goes back as official clients write it down, with members that ours never fill."""

    role: Literal["assistant"]
    content: _Answer | None = None
    refusal: str | None = None
    name: _Name | None = None
    tool_calls: Annotated[list[MessageToolCall], Field(min_length=1)] | None = None
    annotations: _Nothing = None
    audio: _Nothing = None
    function_call: _Nothing = None


class ToolMessage(Strict):
    role: Literal["tool"]
    content: _Text
    tool_call_id: str = Field(min_length=1, max_length=256)
    name: Annotated[str, Field(pattern=TOOL_NAME)] | None = Field(
        None, description="Of the tool, as older programs say"
    )


Message = Annotated[
    SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]


def check_order(messages: Sequence[Message]) -> None:
    """Every tool call is answered right after it, and nothing else is. Raises ValueError without any content."""
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            if message.tool_call_id not in open_calls:
                raise ValueError(f"messages[{index}] responde a uma tool_call que não a precede ou já foi respondida")
            open_calls.discard(message.tool_call_id)
            continue
        if open_calls:
            raise ValueError(f"antes de messages[{index}] falta a resposta (role tool) a cada tool_call")
        open_calls = _calls_of(message)
        if isinstance(message, AssistantMessage) and message.content is message.refusal is None and not open_calls:
            raise ValueError(f"messages[{index}] não tem content nem tool_calls")
    if open_calls:
        raise ValueError("falta a resposta (role tool) a cada tool_call da última mensagem")


def forwarded(message: dict[str, Any]) -> dict[str, Any]:
    """The message as the gateway takes it: `developer` is `system` everywhere, and null means absent."""
    kept = {name: value for name, value in message.items() if value is not None}
    if kept["role"] == "assistant":
        kept.setdefault("content", "")
        kept.pop("annotations", None)
        _spell_out_refusals(kept)
    return kept | {"role": "system"} if kept["role"] == "developer" else kept


def text_of(content: str | Sequence[TextPart | ImagePart]) -> str | None:
    """The text of a message, its parts one after the other; None where there is more than text."""
    if isinstance(content, str):
        return content
    texts = [part.text for part in content if isinstance(part, TextPart)]
    return "".join(texts) if len(texts) == len(content) else None


def _calls_of(message: Message) -> set[str]:
    calls = message.tool_calls or () if isinstance(message, AssistantMessage) else ()
    return {call.id for call in calls}


def _spell_out_refusals(message: dict[str, Any]) -> None:
    """An earlier refusal is the assistant's own text: no other provider knows the field."""
    refusal = message.pop("refusal", None)
    if refusal and not message["content"]:
        message["content"] = refusal
    if isinstance(message["content"], list):
        message["content"] = "".join(part.get("text") or part.get("refusal", "") for part in message["content"])
