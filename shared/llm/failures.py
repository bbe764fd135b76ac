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

from shared.llm.retry_after import retry_after_seconds, within_reason


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
# Codes, types and statuses of all providers' error bodies. They say more than the HTTP status does.
_TELLING = {
    "insufficient_quota": FaultKind.QUOTA,
    "billing_hard_limit_reached": FaultKind.QUOTA,
    "billing_not_active": FaultKind.QUOTA,
    "billing_error": FaultKind.QUOTA,
    "quota_exceeded": FaultKind.QUOTA,
    "context_length_exceeded": FaultKind.OVERFLOW,
    "request_too_large": FaultKind.OVERFLOW,
    "string_above_max_length": FaultKind.OVERFLOW,
    "content_filter": FaultKind.CONTENT_FILTER,
    "content_policy_violation": FaultKind.CONTENT_FILTER,
}
# Those that only repeat the status; wanted where there is none, as for an error sent inside a stream.
_REPEATING = {
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
# Where a provider has no code for it, its words. They are matched and never repeated.
_WORDS = (
    (
        re.compile(
            r"context.?length|maximum context|context window|prompt is too long|input is too long|too many tokens"
            r"|too large for model|exceeds the maximum number of tokens|exceed.{0,40}(context|token limit)",
            re.IGNORECASE,
        ),
        FaultKind.OVERFLOW,
    ),
    (re.compile(r"credit balance|insufficient.(credit|balance|funds|quota)", re.IGNORECASE), FaultKind.QUOTA),
    # OpenRouter answers 403 to a prompt that its moderation refuses: the key is none the worse for it.
    (re.compile(r"flagged_input|input was flagged|requires moderation", re.IGNORECASE), FaultKind.CONTENT_FILTER),
    # Gemini says 429 to both; only the name of the limit tells a day's quota from a minute's.
    (re.compile(r"PerDay"), FaultKind.QUOTA),
    (re.compile(r"API_KEY_INVALID|API key not valid"), FaultKind.AUTH),
)
_WORDS_COUNT_WITH = frozenset({400, 403, 422, 429})
_GEMINI_DELAY = re.compile(r"retryDelay['\"]: ['\"](\d+(?:\.\d+)?)s")
# The gateway sets no timeout but for connecting, so every library's timeout is one of these too.
_CONNECTION_CLASSES = re.compile(
    r"Connect|Network|RemoteProtocol|LocalProtocol|ReadError|WriteError|CloseError|ClientPayload|Disconnect"
    r"|IncompleteRead|ClientOSError|PoolTimeout|Transport|Chunked|TransferEncoding"
)


def classify(error: BaseException) -> Fault:
    """The gateway's word for a provider's exception. Never holds the provider's text.

    Reads an HTTP status where there is one, then the provider's code or type, then class names: each provider's
    library has its own exceptions, and several let those of httpx, httpx2, aiohttp or json through.
    """
    if isinstance(error, MalformedToolArguments):
        return Fault.of(FaultKind.TOOL_ARGUMENTS)
    for cause in causes(error):
        status = _status(cause)
        if status is not None:
            return Fault.of(_by_status(status, cause), status, _retry_after(cause))
    return Fault.of(_without_status(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it was raised from: LangChain's own exceptions may keep the status only there."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _status(error: BaseException) -> int | None:
    """`status_code` (openai, anthropic, ollama), `response` (httpx), `code` (google), `status` (aiohttp)."""
    response = getattr(error, "response", None)
    for value in (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "code", None),
        getattr(error, "status", None),
    ):
        if isinstance(value, int) and 300 <= value <= 599:
            return value
    return None


def _by_status(status: int, error: BaseException) -> FaultKind:
    for code in _codes(error):
        if code in _TELLING:
            return _TELLING[code]
    if status in _WORDS_COUNT_WITH:
        text = str(error)
        for words, kind in _WORDS:
            if words.search(text):
                return kind
    if status < 400:
        return FaultKind.NOT_FOUND  # a redirect, which is not followed: the address is not the model's
    if status in _STATUS:
        return _STATUS[status]
    return FaultKind.OVERLOADED if status >= 500 or status in _OVERLOADED_STATUS else FaultKind.INVALID_REQUEST


def _without_status(error: BaseException) -> FaultKind:
    """Sent inside a stream, or not from the provider at all."""
    named = {**_REPEATING, **_TELLING}
    for code in _codes(error):
        if code in named:
            return named[code]
    names = [base.__name__ for cause in causes(error) for base in type(cause).__mro__]
    if any(_CONNECTION_CLASSES.search(name) for name in names):
        return FaultKind.CONNECTION
    if isinstance(error, TimeoutError) or any("Timeout" in name for name in names):
        return FaultKind.TIMEOUT
    if isinstance(error, OSError):
        return FaultKind.CONNECTION
    # Ollama reports what goes wrong inside a stream with these words alone.
    return FaultKind.OVERLOADED if "ResponseError" in names else FaultKind.MALFORMED


def _codes(error: BaseException) -> Iterator[str]:
    """Every code, type and status that the provider gave with its error, wherever its library keeps them."""
    bodies = [getattr(error, name, None) for name in ("body", "details")]
    nested = [body.get("error") for body in bodies if isinstance(body, Mapping)]
    for source in (error, *bodies, *nested):
        for name in ("code", "type", "status"):
            value: Any = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
            if isinstance(value, str):
                yield value.lower()


def _retry_after(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    asked = retry_after_seconds(headers)
    if asked is None and (delay := _GEMINI_DELAY.search(str(error))):
        return within_reason(float(delay[1]))
    return asked
