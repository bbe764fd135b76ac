"""The supervisor with the four hospital domains: time until every consumer is ready, and memory of all together."""

from __future__ import annotations

import time
from pathlib import Path

from bench.report import Line
from bench.rig import Rig, until

DOMAINS = ("clinico", "exames", "opme", "ingestao")


def measure(rig: Rig) -> list[Line]:
    """PSS, because forked children share what the parent imported."""
    rig.query("TRUNCATE workers")
    ready = "SELECT count(DISTINCT domain) FROM workers WHERE kind = 'consumer' AND state = 'ready'"
    start = time.perf_counter()
    with rig.process("start", "workers.pika_worker", DOMAIN_PACKAGES='["handlers"]') as supervisor:
        until(lambda: rig.query(ready)[0][0] == len(DOMAINS), "four consumers ready")
        seconds = time.perf_counter() - start
        consumers = [row[0] for row in rig.query("SELECT pid FROM workers WHERE kind = 'consumer' AND state = 'ready'")]
        megabytes = sum(_pss_mb(pid) for pid in [supervisor.pid, *consumers])
    return [
        Line("start: 4 consumers ready", "warm files, broker up", seconds, 8.0, at_least=False, unit="s"),
        Line("start: memory (PSS)", "supervisor and 4 consumers", megabytes, 400.0, at_least=False, unit="MB"),
    ]


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
