"""One attempt at one task, wherever it runs: findings first and kept, then whatever needs a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from handlers.configured import configured_domains
from handlers.registry import load_effects, load_handlers
from shared.domain import Domain
from shared.errors import ExecutionError, RulesFailed
from shared.execution import Effect, Handler, Run
from shared.field_paths import field_path
from shared.findings import Avaliacao
from shared.messaging.topology import RESULTS_QUEUE
from shared.settings import DomainSettings

Keep = Callable[[Avaliacao], None]


@dataclass(frozen=True, slots=True)
class DomainWork:
    """A domain with the handlers of its events, loaded once per process."""

    domain: Domain
    handlers: dict[str, Handler]
    results_queue: str | None = None  # where its alerts and ends are published, if the operator wants them
    effects: Mapping[str, Effect] = field(default_factory=dict)

    @classmethod
    def load(cls, settings: DomainSettings, key: str) -> DomainWork:
        """The domain `key` with its handlers; imports its crews."""
        domain = configured_domains(settings)[key]
        results_queue = RESULTS_QUEUE if settings.of(key).results else None
        packages = settings.domain_packages
        return cls(domain, load_handlers(domain, packages), results_queue, load_effects(domain, packages))

    def request(self, event: str, payload: str) -> BaseModel:
        """The stored payload as its request model. Raises RulesFailed: it was valid when it was accepted."""
        declared = self.domain.event(event)
        if declared is None:
            raise RulesFailed(f"o evento '{event}' não existe mais neste domínio")
        try:
            return declared.request.model_validate_json(payload)
        except ValidationError as error:
            fields = ", ".join(field_path(item["loc"]) for item in error.errors(include_input=False)[:5])
            raise RulesFailed(f"o pedido guardado não passa mais na validação: {fields}") from None


def perform(handler: Handler, request: BaseModel, run: Run, keep: Keep) -> dict[str, Any]:
    """The result. `keep` makes the findings durable before any model is asked.

    Rules are deterministic: an error of theirs comes again, so it fails at once as RulesFailed.
    """
    try:
        evaluation = handler.evaluate(request, run)
    except ExecutionError:
        raise
    except Exception as error:
        raise RulesFailed(f"uma regra falhou ({type(error).__name__}); nenhum achado foi produzido") from error
    keep(evaluation)
    run.check()
    return handler.respond(request, evaluation, run)
