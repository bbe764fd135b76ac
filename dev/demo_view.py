"""How the demo shows itself: live with rich on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dev.demo_requests import Case

# Every offline opinion opens by saying that it is one; the line under the table says it once for all.
_OFFLINE_NOTICE = re.compile(r"^Texto montado de forma determinística[^.]*\.\s*")
OPINION_CHARS = 100
PLAIN_WIDTH = 160
TABLE_WIDTH = 120
MARKS = {"completed": "✓", "failed": "✗", "cancelled": "✗"}


class View(Protocol):
    """Told about every change of a case."""

    def changed(self, case: Case) -> None:
        """Show it."""


class LiveView:
    """A table that redraws itself."""

    def __init__(self, cases: list[Case], live: Live) -> None:
        self._cases = cases
        self._live = live

    def changed(self, case: Case) -> None:
        self._live.update(_progress_table(self._cases))


class PlainView:
    """One line whenever somebody else works on a case or its state changes."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._said: dict[str, str] = {}

    def changed(self, case: Case) -> None:
        if self._said.get(case.name) == case.doing:
            return
        self._said[case.name] = case.doing
        print(f"  {time.monotonic() - self._began:5.1f} s  {case.name:<40} {case.doing}", flush=True)


@contextmanager
def watching(cases: list[Case]) -> Iterator[View]:
    """The view that fits where the output goes."""
    console = Console()
    if not console.is_terminal:
        yield PlainView()
        return
    with Live(_progress_table(cases), console=console, refresh_per_second=8) as live:
        yield LiveView(cases, live)


def show_results(cases: list[Case]) -> None:
    """The table a person reads at the end."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    console.print(_blocks(cases) if console.width < TABLE_WIDTH else _results_table(cases))
    models = {str(_provenance(case).get("modelo")) for case in cases if _provenance(case)}
    console.print(
        f"  Opinions are drafts by {', '.join(sorted(models)) or 'no model'}; none counts until a person signs.\n"
    )


def _results_table(cases: list[Case]) -> Table:
    table = Table(title="What the crews wrote", box=box.SIMPLE, show_lines=True)
    table.add_column("event", no_wrap=True)
    table.add_column("findings", ratio=3, overflow="fold")
    table.add_column("alerts", ratio=2, overflow="fold")
    table.add_column("draft opinion", ratio=4)
    table.add_column("s", justify="right", no_wrap=True)
    for case in cases:
        table.add_row(case.name, _findings(case), _alerts(case), _opinion(case), f"{case.seconds:.1f}")
    return table


def _blocks(cases: list[Case]) -> Text:
    """The same for a narrow terminal, whose columns would break words."""
    lines = ["What the crews wrote"]
    for case in cases:
        lines += ["", f"{case.name}  {case.seconds:.1f} s", f"  findings: {_findings(case)}"]
        lines += [f"  alerts: {_alerts(case)}", f"  draft: {_opinion(case)}"]
    return Text("\n".join([*lines, ""]))


def _progress_table(cases: list[Case]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for case in cases:
        mark = "✗" if case.problem else MARKS.get(case.status, "…")
        table.add_row(mark, case.name, case.doing)
    return table


def _result(case: Case) -> dict[str, object]:
    result = case.task.get("result")
    return result if isinstance(result, dict) else {}


def _provenance(case: Case) -> dict[str, object]:
    provenance = _result(case).get("proveniencia")
    return provenance if isinstance(provenance, dict) else {}


def _findings(case: Case) -> str:
    found = _result(case).get("achados")
    return ", ".join(finding["codigo"] for finding in found) if isinstance(found, list) and found else "–"


def _alerts(case: Case) -> str:
    alerts = case.task.get("alerts") or []
    return ", ".join(alert["codigo"] for alert in alerts) or "–"


def _opinion(case: Case) -> str:
    """The first words of the draft, or why there is none."""
    if not case.succeeded:
        return case.problem or str((case.task.get("error") or {}).get("detail", case.status))
    opinion = _result(case).get("parecer")
    if not isinstance(opinion, dict):
        return "(no opinion: rules only)"
    text = _OFFLINE_NOTICE.sub("", " ".join(str(opinion["texto"]).split()))
    return text if len(text) <= OPINION_CHARS else text[: OPINION_CHARS - 1] + "…"
