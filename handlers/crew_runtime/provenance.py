"""What a finished run says of itself: prompts, inputs, tables, and every model that answered."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.crew_runtime.case import CrewCase
from handlers.crew_runtime.spec import CrewSpec
from shared.findings import ModeloUsado, Proveniencia
from shared.llm.contract import ChatReply


def provenance(spec: CrewSpec, case: CrewCase, replies: Sequence[ChatReply]) -> Proveniencia:
    """`replies` in the order of the calls: the last one is the text that became the opinion."""
    author = replies[-1]
    return Proveniencia(
        modelo=author.model,
        provedor=author.provider,
        modelos=_models(replies),
        contingencia=any(reply.fallback for reply in replies),
        versao_prompt=f"{spec.prompt_version}-{case.language}",
        hash_prompt=spec.prompt_hash,
        hash_entrada=case.input_hash(),
        versoes_tabelas=case.evaluation.versoes_tabelas,
        tokens={
            "prompt": sum(reply.usage.prompt_tokens for reply in replies),
            "completion": sum(reply.usage.completion_tokens for reply in replies),
            "calls": len(replies),
        },
        custo_microusd=sum(reply.cost_microusd for reply in replies),
    )


def _models(replies: Sequence[ChatReply]) -> list[ModeloUsado]:
    by_deployment: dict[str, list[ChatReply]] = {}
    for reply in replies:
        by_deployment.setdefault(reply.deployment, []).append(reply)
    return [_model(answered) for answered in by_deployment.values()]


def _model(answered: list[ChatReply]) -> ModeloUsado:
    first = answered[0]
    return ModeloUsado(
        provedor=first.provider,
        modelo=first.model,
        implantacao=first.deployment,
        chamadas=len(answered),
        custo_microusd=sum(reply.cost_microusd for reply in answered),
    )
