"""The gateway's tables: what was spent, what may be spent, who is up, and which answers may be used again.

No column holds a prompt or an identifier of a patient. One holds answers (`llm_cache.reply`): whatever the model wrote
about one patient, in the clear, in the house's own database. It is off unless the catalogue asks for it, and its rows
are erased when they expire.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, Index, Integer, String, Table, Text

from shared.database import UtcDateTime, metadata, only_where

attempts = Table(
    "llm_attempts",
    metadata,
    Column("id", String(80), primary_key=True),  # request_id:n
    Column("request_id", String(64), nullable=False),
    Column("n", Integer, nullable=False),
    Column("surface", String(16), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("client", String(128), nullable=False),
    Column("domain", String(64)),
    Column("subject_id", String(64)),  # the task, message or request that the call was made for
    Column("deployment", String(64), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("model", String(128), nullable=False),
    Column("day", Date, nullable=False),  # of `started_at`, in the hospital's time zone
    Column("started_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("outcome", String(32)),  # null: under way; ok, cancelled, abandoned, or a FaultKind
    Column("abandoned_at", UtcDateTime),  # when the sweep settled it; stays when its true settlement came later
    Column("status", Integer),
    Column("first_token_ms", Integer),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("usage_source", String(16)),  # provider | estimate
    Column("finish_reason", String(32)),
    Column("budgets", Text),  # ids of the llm_budgets that it is charged to, separated by blanks; null: of none
    Column("reserved_microusd", BigInteger, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False, server_default="0"),
    Index("ix_llm_attempts_time", "tenant", "started_at", "id"),
    Index("ix_llm_attempts_request", "request_id"),
    Index("ix_llm_attempts_open", "expires_at", **only_where("outcome IS NULL")),
)

budgets = Table(
    "llm_budgets",
    metadata,
    Column("id", String(32), primary_key=True),  # hash of what follows, up to starts_at
    Column("tenant", String(64), nullable=False),  # a domain's or client's money is its tenant's too
    Column("scope", String(8), nullable=False),
    Column("name", String(128), nullable=False),
    Column("period", String(8), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("reserved_microusd", BigInteger, nullable=False, server_default="0"),
    Column("spent_microusd", BigInteger, nullable=False, server_default="0"),
    Index("ix_llm_budgets_period", "tenant", "starts_at"),
)

breakers = Table(
    "llm_breakers",
    metadata,
    Column("deployment", String(64), primary_key=True),
    Column("version", BigInteger, nullable=False),  # grows with every write, so that an older reading is known as such
    Column("failures", Integer, nullable=False),
    Column("first_failure_at", UtcDateTime),  # where the window in which failures count began
    Column("openings", Integer, nullable=False),  # in a row, without a success between
    Column("open_until", UtcDateTime),  # null: closed
    Column("probe_until", UtcDateTime),  # somebody tries it; past this, whoever did is dead
    Column("kind", String(32)),  # of the last failure
)

cache = Table(
    "llm_cache",
    metadata,
    Column("key", String(64), primary_key=True),  # keyed hash of request, policy, tenant and scope
    Column("reply", Text, nullable=False),  # patient data
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_llm_cache_expiry", "expires_at"),
)

rates = Table(
    "llm_rates",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("client", String(128), primary_key=True),
    Column("surface", String(16), primary_key=True),
    Column("seconds", JSON, nullable=False),  # [[second since 1970, requests admitted in it], …] of the last minute
    Column("touched_at", UtcDateTime, nullable=False),
    Index("ix_llm_rates_touched", "touched_at"),
)
