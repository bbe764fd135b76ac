"""Is a model good enough? The total against the thresholds, each miss in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from evals.scoring import Score, Text

THRESHOLDS = Path(__file__).with_name("thresholds.json")


class Thresholds(BaseModel):
    """`thresholds.json`; what each means stands there."""

    model_config = ConfigDict(extra="forbid")

    why: str
    draft_findings_preserved: float
    draft_citations_valid: float
    draft_numbers_per_100: float
    draft_assertions_per_100: float
    opinion_findings_preserved: float
    opinion_critical_lost: int
    opinion_numbers: int
    opinion_assertions: int
    degraded: float


def load_thresholds(path: Path = THRESHOLDS) -> Thresholds:
    """Raises pydantic's ValidationError for a file that lacks one or has too many."""
    return Thresholds.model_validate_json(path.read_text(encoding="utf-8"))


def preserved(text: Text) -> float:
    """Share of the critical and attention findings that the text cites."""
    return text.kept / text.wanted if text.wanted else 1.0


def cited(text: Text) -> float:
    """Share of the sentences whose citations exist. No sentence at all is none cited."""
    return text.cited / text.sentences if text.sentences else 0.0


def per_100(count: int, text: Text) -> float:
    return 100 * count / text.sentences if text.sentences else 0.0


def misses(total: Score, limits: Thresholds) -> list[str]:
    """Why the model does not pass; empty when it does. Stale cases count: an unlabelled set proves nothing."""
    found = list(total.unexpected)
    if not total.opinions:
        return found
    found += _below("draft: findings preserved", preserved(total.draft), limits.draft_findings_preserved)
    found += _below("draft: citations valid", cited(total.draft), limits.draft_citations_valid)
    found += _above("draft: hallucinated numbers per 100 sentences", per_100(total.draft.numbers, total.draft),
                    limits.draft_numbers_per_100)  # fmt: skip
    found += _above("draft: forbidden assertions per 100 sentences", per_100(total.draft.assertions, total.draft),
                    limits.draft_assertions_per_100)  # fmt: skip
    found += _below("opinion: findings preserved", preserved(total.opinion), limits.opinion_findings_preserved)
    found += _above("opinion: critical findings lost", total.opinion.critical_lost, limits.opinion_critical_lost)
    found += _above("opinion: hallucinated numbers", total.opinion.numbers, limits.opinion_numbers)
    found += _above("opinion: forbidden assertions", total.opinion.assertions, limits.opinion_assertions)
    found += _above("degraded share of the runs", total.degraded / total.opinions, limits.degraded)
    return found


def _below(what: str, value: float, limit: float) -> Iterator[str]:
    if value < limit:
        yield f"{what}: {value:.3g}, at least {limit:g} is wanted"


def _above(what: str, value: float, limit: float) -> Iterator[str]:
    if value > limit:
        yield f"{what}: {value:.3g}, at most {limit:g} is allowed"
