"""RateLimit and RateLimit-Policy, as the IETF draft (draft-ietf-httpapi-ratelimit-headers) writes them."""

from __future__ import annotations

from shared.errors import RateLimited
from shared.llm.rates import WINDOW_S, Allowance


def allowed_headers(allowance: Allowance) -> dict[str, str]:
    """What a request that went through is told of what is left."""
    return _headers(allowance.surface, allowance.limit, WINDOW_S, allowance.remaining, allowance.reset_s)


def refused_headers(error: RateLimited) -> dict[str, str]:
    """What a refused one is told, besides Retry-After."""
    return _headers(error.policy, error.limit, error.window_s, 0, error.reset)


def _headers(policy: str, limit: int, window_s: int, remaining: int, reset_s: int) -> dict[str, str]:
    """`q` requests in `w` seconds; `r` are left, and `t` seconds from now all of them are."""
    return {
        "RateLimit-Policy": f'"{policy}";q={limit};w={window_s}',
        "RateLimit": f'"{policy}";r={remaining};t={reset_s}',
    }
