"""What the worker does for a question: ask the gateway with the conversation's history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from pydantic import BaseModel

from handlers.conversas import prompt
from handlers.conversas.conversa import dito_antes, guardar
from handlers.conversas.requests import Pergunta
from shared.conversations.questions import Said
from shared.errors import NothingWithoutModel, StoreUnavailable, TaskCancelled, TransientFailure
from shared.execution import Effect, Handler, Run
from shared.findings import Avaliacao
from shared.llm.blocking import process_gateway
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Interrupted
from shared.llm.interruption import Interruption


class Models(Protocol):
    """`shared.llm.blocking.BlockingGateway`, or whoever stands in for it."""

    def complete(self, request: ChatRequest, context: CallContext, *, interruption: Interruption) -> ChatReply:
        """Block this thread until the whole answer is there."""


class QuestionHandler:
    """No rules: there is nothing to find, and nothing to answer without a model."""

    def __init__(
        self,
        models: Callable[[], Models] = process_gateway,
        history: Callable[[str, Pergunta], Said] = dito_antes,
    ) -> None:
        self._models = models
        self._history = history

    def evaluate(self, request: BaseModel, run: Run) -> Avaliacao:
        return Avaliacao()

    def respond(self, request: BaseModel, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
        """Raises what the gateway raises; RulesFailed where the conversation is gone."""
        question = cast(Pergunta, request)
        interruption = Interruption()
        run.on_interrupt(interruption.fire)
        run.check()
        said = self._history(run.task_id, question)
        asked, context = prompt.asked(run.task_id, question, said), prompt.context(said, run)
        try:
            reply = self._models().complete(asked, context, interruption=interruption)
        except Interrupted:
            run.check()
            raise TaskCancelled("a pergunta foi interrompida") from None
        except StoreUnavailable as away:
            raise TransientFailure(away.detail) from away
        return _result(reply)

    def degrade(self, request: BaseModel, evaluation: Avaliacao) -> dict[str, Any]:
        raise NothingWithoutModel


def _result(reply: ChatReply) -> dict[str, Any]:
    usage = reply.usage
    return {
        "content": reply.text,
        "model": reply.deployment,
        "finish_reason": reply.finish_reason,
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "source": usage.source,
            "cost_microusd": reply.cost_microusd,
        },
        "attempts": reply.attempts,
        "fallback": reply.fallback,
        "model_request_id": reply.request_id,
    }


HANDLERS: dict[str, Handler] = {"resposta": QuestionHandler()}
EFFECTS: dict[str, Effect] = {"resposta": guardar}
