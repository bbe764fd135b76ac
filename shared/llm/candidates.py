"""Which deployments of a policy may be asked for one request, before any of them is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm import metrics
from shared.llm.catalogue import Deployment
from shared.llm.contract import CallContext, ChatRequest
from shared.llm.errors import ContextOverflow, ParameterRefused, TransferRefused
from shared.llm.parameters import refuse_unhonoured
from shared.llm.tokens import estimate_prompt, most_output

_log = structlog.get_logger(__name__)
NotAsked = ModelRefused | ModelUnavailable


@dataclass(frozen=True, slots=True)
class Candidate:
    """A deployment that may be asked. Tokens are estimates; `most_output` is what the answer may have at most."""

    id: str
    deployment: Deployment
    inside: bool
    prompt_tokens: int
    most_output: int

    @property
    def reserve_microusd(self) -> int:
        return self.deployment.prices.microusd(self.prompt_tokens, self.most_output)


class Admissibility:
    """The house's rules about who may be asked for what."""

    def __init__(self, *, transfer_allowed: bool) -> None:
        self._transfer_allowed = transfer_allowed

    def sort(
        self,
        deployments: Iterable[tuple[str, Deployment]],
        residence: Mapping[str, bool | NotAsked],
        request: ChatRequest,
        context: CallContext,
    ) -> tuple[list[Candidate], list[NotAsked]]:
        """Those that may be asked, in order, and why the others may not.

        `residence` says of each deployment whether it is inside the house, or why nobody could tell.
        """
        prompt = estimate_prompt(request)
        candidates: list[Candidate] = []
        reasons: list[NotAsked] = []
        for name, deployment in deployments:
            try:
                output = self._fitting(deployment, prompt, request)
                inside = self._inside(deployment, residence[name], context)
                candidates.append(Candidate(name, deployment, inside, prompt, output))
            except (ModelRefused, ModelUnavailable) as reason:
                metrics.SKIPPED.labels(name, reason.kind).inc()
                _log.info("model_passed_over", deployment=name, kind=reason.kind, request_id=context.request_id)
                reasons.append(reason)
        return candidates, reasons

    @staticmethod
    def _fitting(deployment: Deployment, prompt: int, request: ChatRequest) -> int:
        """The most tokens of output. Raises ParameterRefused or ContextOverflow."""
        refuse_unhonoured(deployment.provider, request)
        output = most_output(request, deployment.max_output_tokens)
        if prompt + output > deployment.context_tokens:
            raise ContextOverflow("as mensagens e a resposta não cabem na janela de nenhum modelo", kind="overflow")
        return output

    def _inside(self, deployment: Deployment, residence: bool | NotAsked, context: CallContext) -> bool:
        """Raises TransferRefused, or why the residence is not known."""
        if residence is True:
            return True
        if residence is not False:
            raise residence
        if not self._transfer_allowed:
            raise TransferRefused(
                "modelo fora da instituição sem TRANSFERENCIA_INTERNACIONAL (LGPD art. 33)", kind="transfer"
            )
        if context.confined:
            raise TransferRefused(context.confined, kind="transfer")
        if context.free_text and not deployment.free_text:
            raise TransferRefused(
                "texto livre só vai a modelos da instituição ou declarados aptos (free_text)", kind="transfer"
            )
        return False


# What the caller can mend by itself comes first, what nobody can help comes last.
_TELLING = (ParameterRefused, ContextOverflow, TransferRefused)


def nobody(reasons: list[NotAsked]) -> NotAsked:
    """The error where nothing was left to ask."""
    for kind in (ModelUnavailable, *_TELLING):
        for reason in reasons:
            if isinstance(reason, kind):
                return reason
    return reasons[0]
