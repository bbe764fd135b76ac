"""The bodies of `/v1` for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class ModelObject(BaseModel):
    id: str
    object: Literal["model"]
    created: int = Field(description="Seconds since 1970: the start of the process that answers")
    owned_by: str


class ModelList(BaseModel):
    object: Literal["list"]
    data: list[ModelObject]


class ErrorContent(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None
    plantao: dict[str, Any] | None = Field(None, description="Of a crew: where its task stands")


class ErrorBody(BaseModel):
    """The shape of every refusal below /v1."""

    error: ErrorContent


class CalledFunction(BaseModel):
    name: str
    arguments: str = Field(description="JSON text")


class CalledTool(BaseModel):
    id: str
    type: Literal["function"]
    function: CalledFunction


class AnswerMessage(BaseModel):
    role: Literal["assistant"]
    content: str | None
    refusal: str | None
    tool_calls: list[CalledTool] | None = Field(None, description="Absent where none was asked for")


class Choice(BaseModel):
    index: Literal[0]
    message: AnswerMessage
    logprobs: None
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]


class TokenUsage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """With `stream: true` the same comes as `chat.completion.chunk` events, ended by `[DONE]` or by an error."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: TokenUsage
    plantao: dict[str, Any] = Field(description="Who answered and what it cost; of a crew: its task and alerts")


_REFUSALS = {
    400: "Parâmetro inválido, desconhecido ou não honrado; conversa maior que a janela",
    402: "Orçamento esgotado; a mensagem diz quando renova",
    403: "O conteúdo não pode chegar a nenhum modelo pedido",
    404: "Modelo desconhecido",
    409: "O mesmo pedido ainda está sendo gravado, ou a tarefa da equipe foi cancelada",
    413: "Corpo ou mensagens acima do limite",
    415: "Tipo de conteúdo não aceito",
    422: "Idempotency-Key já usada com outro corpo",
    429: "Pedidos demais por minuto",
    502: "O modelo não aceita o pedido, ou a tarefa da equipe falhou",
    503: "Nenhum modelo respondeu; volte após Retry-After",
    504: "A tarefa da equipe continua; a mensagem diz onde",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorBody, "description": text} for code, text in _REFUSALS.items()
}
CHAT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A resposta, inteira ou em eventos",
        "model": ChatCompletion,
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **ERRORS,
}
CHAT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/ChatCompletionRequest"},
                "example": {"model": "padrao", "messages": [{"role": "user", "content": "Olá"}]},
            }
        },
    }
}
