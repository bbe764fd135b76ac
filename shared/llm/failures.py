"""What went wrong at a provider, said in our own two words: try later, or never.

The provider's exception is read and dropped: it may quote the prompt, and crewai retries by itself
whatever looks like a rate limit anywhere in a chain of causes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.errors import ModelRefused, ModelUnavailable

ModelFailure = ModelUnavailable | ModelRefused

_RETRYABLE_STATUS = frozenset({408, 409, 425, 429})
_REFUSALS = {
    400: "o provedor do modelo recusou a requisição",
    401: "o provedor do modelo recusou a credencial",
    402: "sem saldo no provedor do modelo",
    403: "o provedor do modelo negou o acesso",
    404: "modelo ou endereço inexistente no provedor",
    413: "requisição grande demais para o modelo",
    422: "o provedor do modelo recusou a requisição",
}
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def classify(error: BaseException) -> ModelFailure:
    """Our error for a provider's one. Holds its status or class name, never its text."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _by_status(status, error)
    if isinstance(error, TimeoutError) or "timeout" in type(error).__name__.lower():
        return ModelUnavailable("o modelo não respondeu a tempo")
    return ModelUnavailable(f"o modelo não deu uma resposta legível ({type(error).__name__})")


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """`retry-after-ms`, or `Retry-After` as seconds or as an HTTP date; `None` when absent or unreadable."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    return _until(value) if value else None


def _by_status(status: int, error: BaseException) -> ModelFailure:
    if getattr(error, "code", None) in _QUOTA_CODES:
        return ModelRefused("cota esgotada no provedor do modelo")
    if status in _RETRYABLE_STATUS or status >= 500:
        headers = getattr(getattr(error, "response", None), "headers", {})
        return ModelUnavailable(f"o provedor do modelo respondeu {status}", retry_after_seconds(headers))
    return ModelRefused(_REFUSALS.get(status, f"o provedor do modelo respondeu {status}"))


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _until(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
