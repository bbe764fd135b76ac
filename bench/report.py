"""The table that `make bench` prints: ratios of figures measured in one run."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Line:
    """`value` against `target`; `at_least` says on which side of it is good."""

    what: str
    detail: str
    value: float
    target: float
    at_least: bool
    unit: str = "×"

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


def show(lines: list[Line]) -> None:
    """Print every line with its target. Speed is never a test: a missed target is said, not raised."""
    table = Table(title="Plantão bench")
    for heading in ("what", "measured", "value", "target", ""):
        table.add_column(heading, justify="right" if heading in ("value", "target") else "left")
    for line in lines:
        sign = "≥" if line.at_least else "≤"
        mark = "[green]met[/]" if line.met else "[yellow]missed[/]"
        value, target = f"{line.value:.2f} {line.unit}", f"{sign} {line.target:g} {line.unit}"
        table.add_row(line.what, line.detail, value, target, mark)
    Console().print(table)
