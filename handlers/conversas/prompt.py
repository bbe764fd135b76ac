"""What a model is asked, and for whom: the conversation so far, as much of it as fits, and the question."""

from __future__ import annotations

from functools import lru_cache

from handlers.conversas.requests import Pergunta
from shared.conversations import history
from shared.conversations.history import Budget
from shared.conversations.questions import Said, unsent
from shared.execution import Run
from shared.llm.catalogue import Catalogue, Deployment, load_catalogue
from shared.llm.contract import CallContext, ChatRequest, Surface
from shared.privacy.identifiers import Identifiers
from shared.settings import settings

_SHORTEST_DEADLINE_S = 0.1


@lru_cache(maxsize=1)
def _catalogue() -> Catalogue:
    return load_catalogue(settings().model)


def asked(task_id: str, question: Pergunta, said: Said) -> ChatRequest:
    """Raises PromptTooLarge or ContextOverflow for a question that is too long by itself."""
    conversation = said.conversation
    model = question.model or (conversation.model if conversation else None)
    system = question.system or (conversation.system if conversation else None)
    path = [*said.before, unsent(said.owner, question.message, message_id=task_id)]
    first = _first_choice(model)
    budget = Budget.of_window(
        first.context_tokens,
        first.max_output_tokens,
        settings().model.model_max_prompt_chars,
        history.calibration(said.before),
    )
    shown = history.window(path, budget, system=system, summary=said.summary)
    return ChatRequest(shown.messages, model=model)


def context(said: Said, run: Run) -> CallContext:
    """People write here in their own words; whom a conversation is known to be about is hidden from models outside."""
    return CallContext(
        Surface.WEBHOOK,
        max(_SHORTEST_DEADLINE_S, run.remaining()),
        tenant=said.owner.tenant,
        client=said.owner.client,
        domain="conversas",
        subject_id=run.task_id,
        identifiers=said.conversation.identifiers if said.conversation else Identifiers(),
        free_text=True,
        confined=said.confined,
    )


def _first_choice(model: str | None) -> Deployment:
    """What the gateway does not know it refuses itself."""
    catalogue = _catalogue()
    policy = catalogue.chosen(model) or catalogue.policies[catalogue.default]
    return catalogue.deployments[policy.deployments[0]]
