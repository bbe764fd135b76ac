"""What a file came to: rows by disposition, and groups of codes with a few line numbers. Never a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from shared.register.records import Disposition

LINES_SHOWN = 20  # a result stays small; the count is always complete


@dataclass(slots=True)
class Group:
    """Rows of one disposition that share a code."""

    count: int = 0
    lines: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Figures:
    """Kept with the checkpoint, so that a load that was interrupted counts on and not anew."""

    dispositions: Counter[str] = field(default_factory=Counter)
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.dispositions.total()

    def add(self, line: int, disposition: Disposition, codes: tuple[str, ...]) -> None:
        """Count one row."""
        self.dispositions[disposition] += 1
        for code in codes:
            group = self.groups.setdefault((disposition.value, code), Group())
            group.count += 1
            if len(group.lines) < LINES_SHOWN:
                group.lines.append(line)

    def of(self, disposition: Disposition) -> int:
        return self.dispositions[disposition]

    def copy(self) -> Figures:
        return Figures.load(self.dump())

    def dump(self) -> dict[str, Any]:
        """As JSON holds it."""
        groups = [[*key, group.count, group.lines] for key, group in sorted(self.groups.items())]
        return {"dispositions": {str(name): count for name, count in self.dispositions.items()}, "groups": groups}

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        groups = {(place, code): Group(count, list(lines)) for place, code, count, lines in dumped["groups"]}
        return cls(Counter(dumped["dispositions"]), groups)
