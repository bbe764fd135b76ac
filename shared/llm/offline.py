"""The default model: deterministic, in the process, no network, no language model.

It calls tools for real and repeats the findings they return; it understands nothing, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

from shared.errors import ModelRefused
from shared.llm.offline_reply import Message, opinion, tool_calls
from shared.settings import ModelSettings


class OfflineChatModel(BaseChatModel):
    """Same findings in, same text out."""

    @property
    def _llm_type(self) -> str:
        return "offline-deterministico"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return cast(Runnable[Any, AIMessage], self.bind(tools=list(tools), **kwargs))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Raises `ModelRefused` when neither a tool call nor a cited sentence is possible."""
        plain = cast(list[Message], convert_to_openai_messages(messages))
        calls = tool_calls(plain, kwargs.get("tools") or [])
        if calls:
            answer = AIMessage(content="", tool_calls=calls, response_metadata={"finish_reason": "tool_calls"})
        else:
            answer = AIMessage(content=_text(plain), response_metadata={"finish_reason": "stop"})
        return ChatResult(generations=[ChatGeneration(message=answer)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, **kwargs)


def create(settings: ModelSettings) -> BaseChatModel:
    """The offline model; the settings have nothing to tell it."""
    return OfflineChatModel()


def _text(messages: list[Message]) -> str:
    try:
        return opinion(messages)
    except ValueError:
        pass
    raise ModelRefused("o modelo offline não tem achados para descrever")
