"""What the gateway raises, drawn once; each is one of the two families that a worker knows.

ModelUnavailable          503  no model answered: try later
└── AnswerBroken          502  the answer stopped after some of it had left
ModelRefused              502  no model will answer: trying again changes nothing
├── UnknownModel          404  neither a policy nor a deployment
├── ParameterRefused      400  a parameter that the model cannot honour
├── ContextOverflow       400  the messages fit into no window of the policy
├── PromptTooLarge        413  over the house's own limit
├── BudgetExhausted       402  no money left until the period ends
└── TransferRefused       403  what the call holds may reach no model of the policy
"""

from __future__ import annotations

from datetime import datetime

from shared.errors import ModelRefused, ModelUnavailable


class AnswerBroken(ModelUnavailable):
    """The stream stopped after its first piece: what came is in `partial`, and it is not the answer."""

    status = 502
    slug = "answer-broken"
    title = "A resposta do modelo foi interrompida"
    code = "answer_broken"

    def __init__(self, detail: str, partial: str, kind: str) -> None:
        super().__init__(detail, kind=kind)
        self.partial = partial


class UnknownModel(ModelRefused):
    status = 404
    slug = "unknown-model"
    title = "Modelo desconhecido"
    code = "unknown_model"


class ParameterRefused(ModelRefused):
    """`parameter` is its name in the request."""

    status = 400
    slug = "parameter-refused"
    title = "Parâmetro que o modelo não honra"
    code = "parameter_refused"

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}", kind="parameter")
        self.parameter = parameter


class ContextOverflow(ModelRefused):
    status = 400
    slug = "context-overflow"
    title = "Conversa maior que a janela do modelo"
    code = "context_overflow"


class PromptTooLarge(ModelRefused):
    status = 413
    slug = "prompt-too-large"
    title = "Pedido ao modelo acima do limite da casa"
    code = "prompt_too_large"


class BudgetExhausted(ModelRefused):
    """`resets_at` is when the period ends: an aware UTC moment."""

    status = 402
    slug = "budget-exhausted"
    title = "Orçamento de modelos esgotado"
    code = "budget_exhausted"

    def __init__(self, detail: str, resets_at: datetime) -> None:
        super().__init__(f"{detail}; renova-se em {resets_at.isoformat(timespec='seconds')}", kind="budget")
        self.resets_at = resets_at


class TransferRefused(ModelRefused):
    """Nothing was sent."""

    status = 403
    slug = "transfer-refused"
    title = "O conteúdo não pode sair da instituição"
    code = "transfer_refused"
