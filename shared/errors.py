"""Every error the platform raises on purpose, drawn once.

    PlantaoError                       500
    ├── CallerError                    the caller can mend it; never retried
    │   ├── MalformedBody              400
    │   ├── NotFound                   404
    │   ├── Conflict                   409
    │   ├── PreconditionFailed         412
    │   ├── BodyTooLarge               413
    │   ├── UnsupportedMedia           415
    │   ├── InvalidField               422
    │   │   └── UnusableDocument       422  a FHIR or HL7 document, item by item
    │   ├── IdempotencyMismatch        422
    │   └── RateLimited                429
    ├── ServiceUnavailable             503  the caller should come back later
    │   ├── StoreUnavailable
    │   ├── FilesUnavailable       the folder of uploads is full or away
    │   └── Overloaded
    ├── BrokerError                    publishing did not succeed; the row stays due
    │   ├── Unroutable                 no such queue
    │   ├── PublishRefused             the broker said no
    │   ├── PublishUncertain           the connection died before the confirm
    │   └── BrokerUnavailable          no connection
    ├── MessageRejected                a broker message that cannot be understood; kept raw
    └── ExecutionError                 while a task runs
        ├── TransientFailure           try again later, with back-off
        │   └── ModelUnavailable  503  no model answered; the last attempt degrades (more in shared/llm/errors.py)
        ├── ModelRefused          502  the model will not answer; degrade now (more in shared/llm/errors.py)
        ├── RulesFailed                deterministic code could not decide; fail with the reason
        ├── NothingWithoutModel        no result can be made without a model; fail with the model's reason
        ├── Interrupted                something outside stops the attempt
        │   ├── TaskCancelled          a person asked for it
        │   ├── DeadlineExceeded       the task's own time is over
        │   ├── WorkerDraining         the process stops; the task goes back
        │   └── LeaseLost              another worker owns the task now; discard
        └── WorkerKilled               the attempt's own process died under it

The HTTP status stands on the class; `api/errors.py` is the only reader of it.
No message here may ever contain a value from a payload (SECURITY 13).
"""

from __future__ import annotations

from typing import Any


class PlantaoError(Exception):
    """Base of all deliberate errors. `detail` is safe to show to anybody."""

    status = 500
    slug = "internal-error"
    title = "Erro interno"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class CallerError(PlantaoError):
    status = 400
    slug = "bad-request"
    title = "Requisição inválida"


class MalformedBody(CallerError):
    slug = "malformed-body"
    title = "Corpo ilegível"


class NotFound(CallerError):
    status = 404
    slug = "not-found"
    title = "Não encontrado"


class Conflict(CallerError):
    status = 409
    slug = "conflict"
    title = "Conflito com o estado atual"


class PreconditionFailed(CallerError):
    """The caller decided on a state that no longer stands (If-Match)."""

    status = 412
    slug = "precondition-failed"
    title = "O estado mudou desde a leitura"


class BodyTooLarge(CallerError):
    status = 413
    slug = "body-too-large"
    title = "Corpo acima do limite"


class UnsupportedMedia(CallerError):
    status = 415
    slug = "unsupported-media-type"
    title = "Tipo de conteúdo não aceito"


class InvalidField(CallerError):
    """One or more fields are wrong. `fields` holds (path, reason) pairs, never a value."""

    status = 422
    slug = "invalid-field"
    title = "Campo inválido"

    def __init__(self, fields: list[tuple[str, str]], detail: str = "") -> None:
        super().__init__(detail or "; ".join(f"{path}: {reason}" for path, reason in fields[:5]))
        self.fields = fields


class UnusableDocument(InvalidField):
    """A document of another standard that makes no request. `items` holds (place, stable code, reason), no value.

    `report` says what else was mapped, missing or not understood, when the reading came that far.
    """

    slug = "unusable-document"
    title = "Documento não utilizável"

    def __init__(self, items: list[tuple[str, str, str]], report: dict[str, Any] | None = None) -> None:
        super().__init__([(place, reason) for place, _, reason in items])
        self.items = items
        self.report = report


class IdempotencyMismatch(CallerError):
    status = 422
    slug = "idempotency-key-reused"
    title = "Idempotency-Key já usada com outro corpo"


class RateLimited(CallerError):
    """More requests than `limit` in `window_s` seconds. `policy` names the limit; times are in seconds.

    `retry_after` is when the next one fits, `reset` when all of them do.
    """

    status = 429
    slug = "rate-limited"
    title = "Limite de requisições atingido"

    def __init__(self, policy: str, limit: int, window_s: int, retry_after: int, reset: int) -> None:
        super().__init__(f"até {limit} requisições em {window_s} s; volte em {retry_after} s")
        self.policy = policy
        self.limit = limit
        self.window_s = window_s
        self.retry_after = retry_after
        self.reset = reset


class ServiceUnavailable(PlantaoError):
    """Nothing was accepted; `retry_after` is in seconds."""

    status = 503
    slug = "unavailable"
    title = "Serviço temporariamente indisponível"

    def __init__(self, detail: str = "", retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StoreUnavailable(ServiceUnavailable):
    slug = "store-unavailable"
    title = "Banco de dados indisponível"


class FilesUnavailable(ServiceUnavailable):
    slug = "files-unavailable"
    title = "Armazenamento de arquivos indisponível"


class Overloaded(ServiceUnavailable):
    slug = "overloaded"
    title = "Muitas requisições aguardando gravação"


class BrokerError(PlantaoError):
    slug = "broker"
    title = "Falha ao publicar"


class Unroutable(BrokerError):
    pass


class PublishRefused(BrokerError):
    pass


class PublishUncertain(BrokerError):
    pass


class BrokerUnavailable(BrokerError):
    pass


class MessageRejected(PlantaoError):
    """A message nobody can turn into a task. `reason` is a stable code for operators."""

    slug = "message-rejected"
    title = "Mensagem não compreendida"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class ExecutionError(PlantaoError):
    """Raised while a task runs. `code` is stored in the task's `error.code`."""

    code = "execution_failed"


class TransientFailure(ExecutionError):
    code = "transient_failure"

    def __init__(self, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ModelUnavailable(TransientFailure):
    """`kind` is the stable name of what happened at the provider (`shared.llm.failures.FaultKind`)."""

    status = 503
    slug = "model-unavailable"
    title = "Nenhum modelo respondeu"
    code = "model_unavailable"

    def __init__(self, detail: str = "", retry_after: float | None = None, kind: str = "unavailable") -> None:
        super().__init__(detail, retry_after)
        self.kind = kind


class ModelRefused(ExecutionError):
    """`kind` as in ModelUnavailable."""

    status = 502
    slug = "model-refused"
    title = "O modelo não aceita o pedido"
    code = "model_refused"

    def __init__(self, detail: str = "", kind: str = "refused") -> None:
        super().__init__(detail)
        self.kind = kind


class RulesFailed(ExecutionError):
    code = "rules_failed"


class NothingWithoutModel(ExecutionError):
    """Never the end of a task itself: what ends it is why there was no model."""


class Interrupted(ExecutionError):
    code = "interrupted"


class TaskCancelled(Interrupted):
    code = "cancelled"


class DeadlineExceeded(Interrupted):
    code = "deadline_exceeded"


class WorkerDraining(Interrupted):
    code = "worker_draining"


class LeaseLost(Interrupted):
    code = "lease_lost"


class WorkerKilled(ExecutionError):
    code = "kills_its_worker"
