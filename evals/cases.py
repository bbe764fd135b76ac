"""A labelled case: a request, what its opinion must keep, and what must not appear in it.

A file is `cases/<domain>/<event>/<name>.json`. `changes` is a JSON merge patch (RFC 7396) over the event's own example,
so that a case shows only what makes it one. A load writes to the register, which an evaluation must not: its cases
bring `avaliacao` ready-made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.domain import Domain, Event
from shared.findings import Avaliacao

CASES = Path(__file__).with_name("cases")


class CaseFile(BaseModel):
    """`preserve` are codes of findings the opinion must cite; `absent` are regular expressions, case ignored."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field(min_length=1)
    changes: dict[str, Any] = {}
    avaliacao: Avaliacao | None = None
    preserve: list[str] = []
    absent: list[str] = []
    opinion: bool = True


@dataclass(frozen=True)
class Case:
    """One file, with the event it belongs to."""

    domain: Domain
    event: Event
    name: str
    file: CaseFile

    @property
    def path(self) -> str:
        return f"{self.domain.key}/{self.event.name}/{self.name}"

    def request(self) -> BaseModel:
        """Raises pydantic's ValidationError when the case no longer fits the event."""
        base = {**self.event.example, **self.event.path_example}
        return self.event.request.model_validate(merged(base, self.file.changes))

    def unwanted(self, text: str) -> list[str]:
        """Which of the case's forbidden expressions a text holds."""
        return [pattern for pattern in self.file.absent if re.search(pattern, text, re.IGNORECASE)]


class CaseError(ValueError):
    """A case cannot be used; the message names its file."""


def load_cases(domains: dict[str, Domain], wanted: str = "", folder: Path = CASES) -> list[Case]:
    """Every case whose `domain/event/name` contains `wanted`. Raises `CaseError`."""
    found = [case for path in sorted(folder.glob("*/*/*.json")) for case in _read(path, domains)]
    chosen = [case for case in found if wanted in case.path]
    if not chosen:
        raise CaseError(f"no case matches {wanted!r} below {folder}")
    return chosen


def merged(base: Any, patch: Any) -> Any:
    """RFC 7396: objects merge, null removes, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _read(path: Path, domains: dict[str, Domain]) -> Iterator[Case]:
    domain = domains.get(path.parts[-3])
    event = domain and domain.event(path.parts[-2])
    if not domain or not event:
        raise CaseError(f"{path}: no such domain and event")
    try:
        yield Case(domain, event, path.stem, CaseFile.model_validate(json.loads(path.read_text(encoding="utf-8"))))
    except ValueError as error:
        raise CaseError(f"{path}: {error}") from error
