"""A million rows of patients into the register, beside a plain COPY of the same file. In a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from bench import ingest_file
from bench.report import Line
from bench.rig import ROOT, Rig, own_server, until

_TARGET_ROWS_S = 10_000.0
LARGEST_MB = 400.0
# As any installation sets up a server of 2 GB; the stock 128 MB hold a sixth of the register that a million rows make.
SERVER = ("shared_buffers=512MB", "max_wal_size=4GB")


def measure(rig: Rig) -> list[Line]:
    """First load, the same file again, and the same people with changes."""
    with own_server(rig, *SERVER) as own:
        return _measure(own)


def _measure(rig: Rig) -> list[Line]:
    files = rig.folder / "ingest"
    files.mkdir(exist_ok=True)
    first, changed = (_file(files, rig.rows, changed=changed) for changed in (False, True))
    copied = _plain_copy(rig, first)
    runs = [load(rig, path) for path in (first, first, changed)]
    names = ("first load", "same file again", "changed file")
    lines = [_speed(name, rig.rows, run, copied) for name, run in zip(names, runs, strict=True)]
    largest = max(run["largest_mb"] for run in runs)
    size = first.stat().st_size / 1e6
    detail = f"largest of {len(runs)} processes over {size:.0f} MB of CSV; PostgreSQL with {', '.join(SERVER)}"
    return [*lines, Line("ingest: memory", detail, largest, LARGEST_MB, at_least=False, unit="MB")]


def _file(folder: Path, rows: int, *, changed: bool) -> Path:
    path = folder / f"{rows}{'-changed' if changed else ''}.csv"
    if not path.exists():
        ingest_file.write(path, rows, changed=changed)
    return path


def load(rig: Rig, path: Path, form: str = "csv") -> dict[str, Any]:
    """One file into the register, in a process of its own; its figures."""
    command = [sys.executable, "-m", "bench.ingest_load", str(path), form]
    before = _server_cpu_s(rig)
    done = subprocess.run(command, cwd=ROOT, env=rig.environment("worker"), check=True, capture_output=True)
    until(lambda: _is_alone(rig), "the load's connections are closed")
    told: dict[str, Any] = json.loads(done.stdout)
    return told | {"server_cpu_s": _server_cpu_s(rig) - before}


def _server_cpu_s(rig: Rig) -> float:
    """CPU of the back ends that have ended: the server process has waited for them, so it counts as its children's."""
    folder = Path(rig.query("SHOW data_directory")[0][0])
    server = (folder / "postmaster.pid").read_text().split()[0]
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _is_alone(rig: Rig) -> bool:
    others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    return bool(rig.query(others)[0][0] == 0)


def _speed(name: str, rows: int, run: dict[str, Any], copied: float) -> Line:
    seconds = run["seconds"]
    detail = f"{seconds:.1f} s against {copied:.1f} s of plain COPY; {cost(rows, run)}"
    return Line(f"ingest: {name}", detail, rows / seconds, _TARGET_ROWS_S, at_least=True, unit="rows/s")


def cost(rows: int, run: dict[str, Any]) -> str:
    """What a row took of the processors, and what became of all."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in run["dispositions"].items() if count)
    ours, theirs = (run[name] / rows * 1e6 for name in ("cpu_s", "server_cpu_s"))
    return f"a row took {ours:.0f} µs of Python and {theirs:.0f} µs of PostgreSQL; {kinds}"


def _plain_copy(rig: Rig, path: Path) -> float:
    """Seconds for the server to take the file as text, with no check and no index."""
    columns = ", ".join(f"{name} text" for name in ingest_file.HEADER.split(";"))
    with psycopg.connect(rig.database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE TABLE raw_patients ({columns})")
        start = time.perf_counter()
        into = "COPY raw_patients FROM STDIN (FORMAT csv, HEADER, DELIMITER ';')"
        with connection.cursor() as cursor, path.open("rb") as file, cursor.copy(into) as copy:
            while block := file.read(1 << 16):
                copy.write(block)
        seconds = time.perf_counter() - start
        connection.execute("DROP TABLE raw_patients")
    return seconds
