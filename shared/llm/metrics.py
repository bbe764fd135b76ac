"""What the gateway counts. Labels are names of the catalogue and words of ours, never a value of a caller."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

ATTEMPTS = Counter("plantao_llm_attempts_total", "Upstream requests, by how they ended", ["deployment", "outcome"])
TOKENS = Counter("plantao_llm_tokens_total", "Tokens billed", ["deployment", "direction"])
COST = Counter("plantao_llm_cost_microusd_total", "Cost in millionths of a US dollar", ["deployment"])
FIRST_PIECE_SECONDS = Histogram(
    "plantao_llm_first_piece_seconds",
    "From the request to the first piece of a streamed answer",
    ["deployment"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60),
)
SKIPPED = Counter("plantao_llm_skipped_total", "Deployments passed over without a request", ["deployment", "reason"])
