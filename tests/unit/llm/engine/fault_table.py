"""Every fault of a provider and what the gateway makes of it: the one source of the tests and of the document.

`python -m tests.unit.llm.engine.fault_table` writes docs/gateway-faults.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from llmock.scenarios import Behavior, Delay, Fail, Match, Reply, SlowFirstToken, StreamFault, ToolCall, ToolFault

from shared.errors import ModelRefused, ModelUnavailable, PlantaoError, StoreUnavailable
from shared.llm.errors import (
    BudgetExhausted,
    ContextOverflow,
    ParameterRefused,
    PromptTooLarge,
    TransferRefused,
    UnknownModel,
)
from tests.unit.llm.engine.upstream import Raw

Mode = Literal["stream", "complete"]
PROVIDERS = ("openai", "openai_compatible", "anthropic", "gemini", "mistral", "ollama")
RETRIES = 1
LONG_S = 30.0
# Longer than any limit of the tests.
STALL_S = 3.0
DOCUMENT = Path(__file__).parents[4] / "docs" / "gateway-faults.md"
TEXT = "Um dois três quatro cinco."
# Events of a provider's stream before the first that holds text.
_HEAD = {"openai": 1, "openai_compatible": 1, "anthropic": 3, "gemini": 0, "mistral": 1, "ollama": 0}


@dataclass(frozen=True)
class Injected:
    """Where a fault is to strike. `times=None`: every request."""

    provider: str
    match: Match
    times: int | None

    @property
    def before(self) -> int:
        return _HEAD[self.provider]

    @property
    def after(self) -> int:
        return _HEAD[self.provider] + 2


@dataclass(frozen=True)
class Outcome:
    """Where no other deployment may answer. `sees` is the error's class; `requests` counts those that left."""

    sees: str
    status: int
    kind: str
    requests: int
    falls_back: bool
    billed: Literal["nothing", "estimate", "provider"]
    retry_after: bool = False


@dataclass(frozen=True)
class Row:
    """One fault in one mode. `llmock` None: only a bare socket can do it."""

    fault: str
    mode: Mode
    outcome: Outcome
    raw: Raw
    llmock: Callable[[Injected], tuple[Behavior, ...]] | None = None
    tight: Literal["late", "slow", "stalled"] | None = None  # limits of a deployment that does not wait long
    tools: bool = False
    but: Mapping[str, Outcome] = field(default_factory=dict)
    impossible: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.fault}-{self.mode}"

    def expected(self, provider: str) -> Outcome:
        return self.but.get(provider, self.outcome)


def _refused(kind: str, *, falls_back: bool = True, sees: str = "ModelRefused", status: int = 502) -> Outcome:
    return Outcome(sees, status, kind, 1, falls_back, "nothing")


def _passing(kind: str, billed: Literal["nothing", "estimate", "provider"] = "nothing") -> Outcome:
    return Outcome("ModelUnavailable", 503, kind, 1 + RETRIES, True, billed)


def _broken(kind: str) -> Outcome:
    return Outcome("AnswerBroken", 502, kind, 1, False, "estimate")


def _without_wait(outcome: Outcome) -> dict[str, Outcome]:
    """Ollama's client shows no headers, so no Retry-After is known: the usual pause is made."""
    return {"ollama": replace(outcome, retry_after=False, requests=1 + RETRIES)}


def _status(
    fault: str, status: int, outcome: Outcome, but: Mapping[str, Outcome] | None = None, **told: object
) -> list[Row]:
    def llmock(where: Injected) -> tuple[Behavior, ...]:
        given = {"retry_after": 0.02} | told
        return (Fail(status, times=where.times, match=where.match, **given),)  # type: ignore[arg-type]

    wait = told.get("retry_after", 0.02)
    body = {"error": told.get("message", "recusado")}
    raw = Raw("status", status=status, retry_after=wait, body=body)  # type: ignore[arg-type]
    return [Row(fault, mode, outcome, raw, llmock, but=but or {}) for mode in ("stream", "complete")]


def _cut(kind: str) -> Callable[[Injected, int], tuple[Behavior, ...]]:
    def at(where: Injected, after: int) -> tuple[Behavior, ...]:
        return (
            StreamFault(kind, after_chunks=after, stall_seconds=STALL_S, times=where.times, match=where.match),  # type: ignore[arg-type]
            Reply(text=TEXT, times=None, match=where.match),
        )

    return at


def _streams(fault: str, kind: str, before: Outcome, after: Outcome) -> list[Row]:
    cut = _cut(kind)
    # Anthropic counts the prompt in its first event, and a clean cut leaves that to be read: the whole of what was
    # used while nothing had been streamed.
    counted = {"anthropic"} if kind == "truncate" else set()
    return [
        Row(
            f"{fault} {when} the first piece",
            "stream",
            outcome,
            raw,
            llmock,
            but={provider: replace(outcome, billed="provider") for provider in counted if when == "before"},
        )
        for when, outcome, raw, llmock in (
            ("before", before, Raw(kind), lambda where: cut(where, where.before)),
            ("after", after, Raw(kind, after=2), lambda where: cut(where, where.after)),
        )
    ]


_SHORT = replace(_passing("rate_limited"), retry_after=True)
_OVERLOADED = replace(_passing("overloaded"), retry_after=True)
_LONG = replace(_passing("rate_limited"), requests=1, retry_after=True)
_MALFORMED = _passing("malformed", "estimate")
_QUOTA = "You exceeded your current quota, please check your plan and billing details."

ROWS: list[Row] = [
    *_status("401", 401, _refused("auth")),
    *_status("403", 403, _refused("auth")),
    *_status("404", 404, _refused("not_found")),
    *_status(
        "quota used up",
        429,
        _refused("quota"),
        {"ollama": _passing("rate_limited")},
        code="insufficient_quota",
        message=_QUOTA,
    ),
    *_status("429, short Retry-After", 429, _SHORT, _without_wait(_SHORT)),
    *_status("429, long Retry-After", 429, _LONG, _without_wait(_LONG), retry_after=LONG_S),
    *_status("500", 500, _OVERLOADED, _without_wait(_OVERLOADED)),
    *_status("503", 503, _OVERLOADED, _without_wait(_OVERLOADED)),
    *_status("400", 400, _refused("invalid_request", falls_back=False), message="bad request"),
    *_status(
        "context overflow",
        400,
        _refused("overflow", sees="ContextOverflow", status=400),
        code="context_length_exceeded",
        message="This model's maximum context length was exceeded.",
    ),
    *_streams("disconnect", "disconnect", _passing("connection"), _broken("connection")),
    Row("disconnect", "complete", _passing("connection"), Raw("disconnect")),
    *_streams("truncated", "truncate", _passing("truncated", "estimate"), _broken("truncated")),
    Row(
        "truncated",
        "complete",
        _passing("connection"),
        Raw("truncate", after=2),
        but={"ollama": _passing("truncated", "estimate")},  # its whole answers are streams too
    ),
    *_streams("invalid JSON", "malformed", _MALFORMED, _broken("malformed")),
    Row("invalid JSON", "complete", _MALFORMED, Raw("malformed", after=2)),
    Row(
        "slow first piece",
        "stream",
        _passing("first_token_timeout", "estimate"),
        Raw("stall"),
        lambda where: (SlowFirstToken(STALL_S, times=where.times, match=where.match),),
        tight="slow",
    ),
    Row(
        "stall in mid-answer",
        "stream",
        _broken("idle_timeout"),
        Raw("stall", after=2),
        lambda where: _cut("stall")(where, where.after),
        tight="stalled",
    ),
    Row(
        "no answer in time",
        "complete",
        _passing("timeout", "estimate"),
        Raw("stall"),
        lambda where: (Delay(STALL_S, times=where.times, match=where.match),),
        tight="late",
    ),
    *(
        Row(
            "empty answer",
            mode,
            _passing("empty", "provider"),
            Raw("empty"),
            lambda where: (Reply(text="", times=where.times, match=where.match),),
            but={"mistral": _passing("empty", "estimate")} if mode == "stream" else {},
        )
        for mode in ("stream", "complete")
    ),
    *(
        Row(
            "malformed tool arguments",
            mode,
            _broken("tool_arguments") if mode == "stream" else _passing("tool_arguments", "estimate"),
            Raw("malformed"),
            lambda where: (
                Reply(tool_calls=(ToolCall("consultar", {"codigo": "A1"}),), times=where.times, match=where.match),
                ToolFault("malformed_arguments", times=where.times, match=where.match),
            ),
            tools=True,
            # Where arguments come as JSON, and not as text that holds JSON, broken ones are an invalid answer.
            impossible=("gemini", "ollama") if mode == "stream" else ("anthropic", "gemini", "ollama"),
        )
        for mode in ("stream", "complete")
    ),
]


def _meaning(outcome: Outcome) -> tuple[str, str, str, str]:
    sees = f"`{outcome.sees}` {outcome.status}, `{outcome.kind}`"
    if outcome.retry_after:
        sees += ", Retry-After"
    if outcome.sees == "AnswerBroken":
        sees += ", with the partial text"
    retried = "yes" if outcome.requests > 1 else "no"
    elsewhere = "only in a larger window" if outcome.kind == "overflow" else "yes" if outcome.falls_back else "no"
    billed = {
        "nothing": "nothing",
        "estimate": "our estimate of what was read and streamed",
        "provider": "what the provider counted",
    }
    return sees, retried, elsewhere, billed[outcome.billed]


# What the house itself decides: error, when, what was asked, what is billed.
HOUSE: list[tuple[type[PlantaoError], str, str]] = [
    (PromptTooLarge, "all messages together are over `MODEL_MAX_PROMPT_CHARS`", "nobody is asked"),
    (UnknownModel, "`model` is neither a policy nor a deployment", "nobody is asked"),
    (ParameterRefused, "no deployment of the policy honours a parameter; it is named", "who does not is passed over"),
    (ContextOverflow, "prompt and answer fit into no window of the policy", "smaller windows are passed over"),
    (TransferRefused, "nobody inside is left, and outside it may not go", "who may not see it is passed over"),
    (BudgetExhausted, "the reservation does not fit; `resets_at` says when it may", "what is free is still asked"),
    (ModelUnavailable, "every deployment rests (`breaker_open`), with Retry-After", "nobody is asked"),
    (ModelRefused, "every deployment rests for what does not pass: its key, quota or address", "nobody is asked"),
    (StoreUnavailable, "nothing can be reserved or written down", "nobody is asked"),
]


def _house() -> list[str]:
    return [f"| `{error.__name__}` {error.status} | {when} | {asked} |" for error, when, asked in HOUSE]


def document() -> str:
    """The table as Markdown."""
    lines = [
        "# What the gateway makes of a provider's fault",
        "",
        "Written by `python -m tests.unit.llm.engine.fault_table` from the table that the tests run, each cell against",
        "a real HTTP server. Do not edit it by hand: a test compares the two.",
        "",
        "*The caller sees*: where no deployment answers in the end. *Retried*: the same deployment is asked again, as",
        "often as the policy's `retries` say, while the deadline lasts; what then passes is not seen at all.",
        "*Elsewhere*: the next deployment of the policy is asked. Those that do not appear in a row cannot do it:",
        "their whole answers hold tool arguments as JSON, and not as text that holds JSON. *Retry-After*: as long as",
        "was asked for, or as the breaker rests; over HTTP a 503 without one says 5 seconds.",
        "",
        "| fault | asked | the caller sees | retried | elsewhere | billed | providers |",
        "|---|---|---|---|---|---|---|",
    ]
    for (fault, *meaning, named), asked in _lines().items():
        lines.append("| " + " | ".join((fault, " or ".join(asked), *meaning, named)) + " |")
    lines += [
        "",
        "A deployment whose key is refused or whose quota is used up rests at once; one that fails often, or asks for",
        "more patience than there is, rests too. All processes know it within a second. A 400, 422 or an overflow says",
        "nothing of the deployment and is not counted.",
        "",
        "Whoever leaves in mid-answer closes the provider's socket within a second. The attempt is settled as",
        "`cancelled`, at what was read and streamed.",
        "",
        "## What the house itself refuses",
        "",
        "| the caller sees | when | before that |",
        "|---|---|---|",
        *_house(),
    ]
    return "\n".join(lines) + "\n"


def _lines() -> dict[tuple[str, ...], list[str]]:
    """What a line says, and in which ways of asking it holds."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in ROWS:
        groups: dict[Outcome, list[str]] = {}
        for provider in PROVIDERS:
            if provider not in row.impossible:
                groups.setdefault(row.expected(provider), []).append(provider)
        for outcome, providers in groups.items():
            named = "all" if len(providers) == len(PROVIDERS) else ", ".join(providers)
            said = (row.fault, *_meaning(outcome), named)
            lines.setdefault(said, []).append("streaming" if row.mode == "stream" else "whole")
    return lines


if __name__ == "__main__":
    DOCUMENT.write_text(document())
