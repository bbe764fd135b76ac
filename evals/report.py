"""The tables a person reads and the JSON a pipeline keeps."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import reduce
from operator import add
from statistics import quantiles
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evals.gate import cited, preserved
from evals.scoring import Score

# Where no terminal says how wide it is (a pipeline's log), wide enough for every column.
_LOG_WIDTH = 156
_HEADINGS = ("findings\npreserved", "citations\nvalid", "hallucinated\nnumbers", "forbidden\nassertions",
             "guardrail\nretries", "degraded", "p50 s", "p95 s", "calls", "tokens\nin + out", "cost\nµ$")  # fmt: skip


def make_console() -> Console:
    """As wide as the terminal, or as the tables where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=_LOG_WIDTH)


def total(scores: dict[str, Score]) -> Score:
    return reduce(add, scores.values(), Score())


def by_event(scores: dict[str, Score]) -> dict[str, dict[str, Score]]:
    """`domain/event` → case name → score."""
    events: dict[str, dict[str, Score]] = {}
    for path, score in scores.items():
        event, name = path.rsplit("/", 1)
        events.setdefault(event, {})[name] = score
    return events


def show(console: Console, scores: dict[str, Score], *, priced: bool) -> None:
    """A table per event and one of all events; `first draft → accepted opinion` where the two may differ.

    `priced`: some model has a price, so that a cost of 0 means something.
    """
    events = by_event(scores)
    for event, cases in events.items():
        console.print(_table(event, "case", {**cases, "all": total(cases)}, priced))
    rows = {event: total(cases) for event, cases in events.items()}
    console.print(_table("Total (first draft → accepted opinion)", "event", {**rows, "all": total(rows)}, priced))
    answered = Counter(total(scores).answered_by)
    if len(answered) > 1:
        told = ", ".join(f"{name} {calls}" for name, calls in answered.most_common())
        console.print(f"More than one model answered, and the figures are of them all: {told}", style="yellow")


def show_failures(console: Console, scores: dict[str, Score]) -> None:
    """Why runs ended without an opinion, the commonest reason first; nothing where none did."""
    for reason, runs in Counter(total(scores).failures).most_common():
        console.print(f"{runs} without an opinion: {reason}", style="yellow", highlight=False, markup=False)


def as_json(scores: dict[str, Score], misses: list[str], **about: Any) -> dict[str, Any]:
    """Everything that was counted, by case, with what it was counted on."""
    return {
        **about,
        "passed": not misses,
        "misses": misses,
        "answered_by": Counter(total(scores).answered_by),
        "total": asdict(total(scores)),
        "cases": {path: asdict(score) for path, score in scores.items()},
    }


@contextmanager
def progress(console: Console, runs: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, a line every tenth of the way elsewhere; yields what to call after each run."""
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("cases", total=runs)
            yield lambda name: bar.update(task, advance=1, description=f"{name:<44.44}")
        return
    counted = iter(range(1, runs + 1))

    def line(name: str) -> None:
        number = next(counted)
        if number % max(1, runs // 10) == 0 or number == runs:
            console.print(f"{number}/{runs} {name}", highlight=False)

    yield line


def _table(title: str, first: str, rows: dict[str, Score], priced: bool) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for name, score in rows.items():
        table.add_row(name, *_cells(score, priced), style="bold" if name == "all" else None)
    return table


def _cells(score: Score, priced: bool) -> list[str]:
    if not score.opinions:
        said = "[red]unexpected[/]" if score.unexpected else "none, right"
        return [said, *[""] * (len(_HEADINGS) - 1)]
    draft, opinion = score.draft, score.opinion
    return [
        _pair(f"{preserved(draft):.0%}", f"{preserved(opinion):.0%}"),
        _pair(f"{cited(draft):.0%}", f"{cited(opinion):.0%}" if opinion.sentences else "–"),
        _pair(draft.numbers, opinion.numbers if opinion.sentences else "–"),
        _pair(draft.assertions, opinion.assertions if opinion.sentences else "–"),
        str(score.retries),
        f"{score.degraded}/{score.opinions}",
        f"{_percentile(score.seconds, 50):.2f}",
        f"{_percentile(score.seconds, 95):.2f}",
        str(score.calls),
        f"{score.prompt_tokens} + {score.completion_tokens}",
        str(score.cost_microusd) if priced else "–",
    ]


def _pair(draft: object, opinion: object) -> str:
    return f"{draft}" if str(draft) == str(opinion) else f"{draft} → {opinion}"


def _percentile(values: tuple[float, ...], percent: int) -> float:
    if len(values) < 2:
        return values[0] if values else 0.0
    return quantiles(values, n=100, method="inclusive")[percent - 1]
