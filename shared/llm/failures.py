"""What went wrong at a provider, in the gateway's own words.

The provider's exception is read and dropped: it may quote the prompt, and crewai retries by itself whatever looks
like a rate limit anywhere in a chain of causes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.llm.retry_after import retry_after_seconds


class FaultKind(StrEnum):
    """The stable name of what happened: in ledger rows, in errors, in metrics."""

    AUTH = "auth"  # 401, 403: the key is wrong, or may not
    QUOTA = "quota"  # no money or quota left at the provider
    NOT_FOUND = "not_found"  # 404: no such model or address
    OVERFLOW = "overflow"  # the messages do not fit into the window
    INVALID_REQUEST = "invalid_request"  # 400, 422 and their like
    RATE_LIMITED = "rate_limited"  # 429
    OVERLOADED = "overloaded"  # 5xx, 408, 409, 425
    CONNECTION = "connection"  # refused, reset, closed in the middle
    TIMEOUT = "timeout"  # the attempt's whole deadline
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"  # noqa: S105 - a name, not a secret
    IDLE_TIMEOUT = "idle_timeout"
    TRUNCATED = "truncated"  # ended without saying that it was whole
    MALFORMED = "malformed"  # not what the protocol says: no JSON, no choices
    EMPTY = "empty"  # neither text nor tool call
    TOOL_ARGUMENTS = "tool_arguments"  # a tool call whose arguments are no JSON object
    CONTENT_FILTER = "content_filter"  # the provider's filter took the answer away

    @property
    def retryable(self) -> bool:
        """Trying the same deployment again may help."""
        return self not in _FINAL

    @property
    def may_fall_back(self) -> bool:
        """Another deployment may answer. For an overflow only one with a larger window may."""
        return self is not FaultKind.INVALID_REQUEST

    @property
    def opens_breaker(self) -> bool:
        """At once, without counting: every further call would meet the same."""
        return self in _LASTING

    @property
    def counts_against_deployment(self) -> bool:
        """It says something of the deployment, and not of what was asked."""
        return self not in _OF_THE_REQUEST


_LASTING = frozenset({FaultKind.AUTH, FaultKind.QUOTA})
_OF_THE_REQUEST = frozenset({FaultKind.OVERFLOW, FaultKind.INVALID_REQUEST, FaultKind.CONTENT_FILTER})
_FINAL = _LASTING | _OF_THE_REQUEST | {FaultKind.NOT_FOUND}

_DETAILS = {
    FaultKind.AUTH: "o provedor do modelo recusou a credencial",
    FaultKind.QUOTA: "cota ou saldo esgotado no provedor do modelo",
    FaultKind.NOT_FOUND: "modelo ou endereço inexistente no provedor",
    FaultKind.OVERFLOW: "a conversa não cabe na janela do modelo",
    FaultKind.INVALID_REQUEST: "o provedor do modelo recusou a requisição",
    FaultKind.RATE_LIMITED: "o provedor do modelo limitou o ritmo das chamadas",
    FaultKind.OVERLOADED: "o provedor do modelo está sobrecarregado",
    FaultKind.CONNECTION: "a conexão com o provedor do modelo falhou",
    FaultKind.TIMEOUT: "o modelo não respondeu a tempo",
    FaultKind.FIRST_TOKEN_TIMEOUT: "o modelo não começou a responder a tempo",
    FaultKind.IDLE_TIMEOUT: "o modelo parou no meio da resposta",
    FaultKind.TRUNCATED: "o modelo não disse que terminou a resposta",
    FaultKind.MALFORMED: "o modelo não deu uma resposta legível",
    FaultKind.EMPTY: "o modelo respondeu vazio",
    FaultKind.TOOL_ARGUMENTS: "o modelo pediu uma ferramenta com argumentos ilegíveis",
    FaultKind.CONTENT_FILTER: "o filtro do provedor bloqueou a resposta",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`status`: HTTP, where there was one. `retry_after`: seconds the provider asks for. `detail`: ours, Portuguese."""

    kind: FaultKind
    status: int | None = None
    retry_after: float | None = None
    detail: str = ""

    @classmethod
    def of(cls, kind: FaultKind, status: int | None = None, retry_after: float | None = None) -> Fault:
        told = f" (HTTP {status})" if status else ""
        return cls(kind, status, retry_after, _DETAILS[kind] + told)


class MalformedToolArguments(Exception):
    """The model asked for a tool with arguments that are no JSON object."""


class MalformedAnswer(Exception):
    """The provider's answer is not what its protocol says."""


_OVERLOADED_STATUS = frozenset({408, 409, 425, 529})
_STATUS = {
    401: FaultKind.AUTH,
    402: FaultKind.QUOTA,
    403: FaultKind.AUTH,
    404: FaultKind.NOT_FOUND,
    413: FaultKind.OVERFLOW,
    429: FaultKind.RATE_LIMITED,
}
_QUOTA_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "quota_exceeded"}
)
_OVERFLOW_CODES = frozenset({"context_length_exceeded", "request_too_large", "string_above_max_length"})
# Where a provider has no code for an overflow, these are its words for it. Only matched, never repeated.
_OVERFLOW_WORDS = re.compile(
    r"context.?length|maximum context|context window|prompt is too long|too many tokens|too large for model"
    r"|input token count.{0,60}exceeds|exceed.{0,40}(context|token limit)|input is too long",
    re.IGNORECASE,
)
_QUOTA_WORDS = re.compile(r"credit balance|insufficient (credit|balance|funds)|billing", re.IGNORECASE)
_NAMED_BY_TYPE = {
    "authentication_error": FaultKind.AUTH,
    "permission_error": FaultKind.AUTH,
    "not_found_error": FaultKind.NOT_FOUND,
    "invalid_request_error": FaultKind.INVALID_REQUEST,
    "rate_limit_error": FaultKind.RATE_LIMITED,
    "rate_limit_exceeded": FaultKind.RATE_LIMITED,
    "overloaded_error": FaultKind.OVERLOADED,
    "api_error": FaultKind.OVERLOADED,
    "server_error": FaultKind.OVERLOADED,
}
_MALFORMED_CLASSES = re.compile(r"JSON|Decode|Validation|ProtocolErrorOf|StopAsyncIteration", re.IGNORECASE)
_CONNECTION_CLASSES = re.compile(
    r"Connect|Network|RemoteProtocol|LocalProtocol|ReadError|WriteError|CloseError|ClientPayload|ServerDisconnected"
    r"|IncompleteRead|ClientOSError|PoolTimeout|Transport|Disconnect|Chunked|TransferEncoding",
)


def classify(error: BaseException) -> Fault:
    """The gateway's word for a provider's exception. Never holds the provider's text.

    Reads an HTTP status where there is one, then the provider's code or type, then class names: each provider's
    library has its own exceptions, and several let those of httpx, httpx2, aiohttp or json through.
    """
    if isinstance(error, MalformedToolArguments):
        return Fault.of(FaultKind.TOOL_ARGUMENTS)
    for cause in _causes(error):
        status = _status(cause)
        if status is not None:
            return Fault.of(_by_status(status, cause), status, retry_after_seconds(_headers(cause)))
    return Fault.of(_by_class(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _status(error: BaseException) -> int | None:
    """`status_code` (openai, anthropic, ollama), `response` (httpx), `code` (google), `status` (aiohttp)."""
    response = getattr(error, "response", None)
    for value in (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "code", None),
        getattr(error, "status", None),
    ):
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    return None


def _by_status(status: int, error: BaseException) -> FaultKind:
    codes = set(_codes(error))
    words = str(error)
    if codes & _QUOTA_CODES or (status in (400, 403, 429) and _QUOTA_WORDS.search(words)):
        return FaultKind.QUOTA
    if codes & _OVERFLOW_CODES or (status in (400, 422) and _OVERFLOW_WORDS.search(words)):
        return FaultKind.OVERFLOW
    if status in _STATUS:
        return _STATUS[status]
    return FaultKind.OVERLOADED if status >= 500 or status in _OVERLOADED_STATUS else FaultKind.INVALID_REQUEST


def _by_class(error: BaseException) -> FaultKind:
    """An error without a status: sent inside a stream, or never from the provider at all."""
    codes = set(_codes(error))
    if codes & _QUOTA_CODES:
        return FaultKind.QUOTA
    if codes & _OVERFLOW_CODES:
        return FaultKind.OVERFLOW
    for code in codes & _NAMED_BY_TYPE.keys():
        return _NAMED_BY_TYPE[code]
    names = [name for cause in _causes(error) for name in _class_names(cause)]
    if any("Timeout" in name for name in names):
        return FaultKind.TIMEOUT
    if any(_CONNECTION_CLASSES.search(name) for name in names) or isinstance(error, OSError):
        return FaultKind.CONNECTION
    return FaultKind.MALFORMED


def _class_names(error: BaseException) -> list[str]:
    return [base.__name__ for base in type(error).__mro__]


def _codes(error: BaseException) -> Iterator[str]:
    """Every code, type and status that the provider gave with its error, wherever its library keeps them."""
    bodies = [getattr(error, name, None) for name in ("body", "details")]
    for source in (error, *bodies, *(body.get("error") for body in bodies if isinstance(body, Mapping))):
        for name in ("code", "type", "status"):
            value: Any = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
            if isinstance(value, str):
                yield value.lower()


def _headers(error: BaseException) -> Mapping[str, str]:
    return getattr(getattr(error, "response", None), "headers", None) or {}
