"""A million rows of patients into the register, beside a plain COPY of the same file. In a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from bench import ingest_file
from bench.report import Line
from bench.rig import ROOT, Rig

_TARGET_ROWS_S = 10_000.0
_LARGEST_MB = 400.0


def measure(rig: Rig) -> list[Line]:
    """First load, the same file again, and the same people with changes."""
    files = rig.folder / "ingest"
    files.mkdir(exist_ok=True)
    first, changed = (_file(files, rig.rows, changed=changed) for changed in (False, True))
    copied = _plain_copy(rig, first)
    runs = [_load(rig, path) for path in (first, first, changed)]
    names = ("first load", "same file again", "changed file")
    lines = [_speed(name, rig.rows, run, copied) for name, run in zip(names, runs, strict=True)]
    largest = max(run["largest_mb"] for run in runs)
    detail = f"largest of {len(runs)} processes over {first.stat().st_size / 1e6:.0f} MB of CSV"
    return [*lines, Line("ingest: memory", detail, largest, _LARGEST_MB, at_least=False, unit="MB")]


def _file(folder: Path, rows: int, *, changed: bool) -> Path:
    path = folder / f"{rows}{'-changed' if changed else ''}.csv"
    if not path.exists():
        ingest_file.write(path, rows, changed=changed)
    return path


def _load(rig: Rig, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.ingest_load", str(path)]
    done = subprocess.run(command, cwd=ROOT, env=rig.environment("worker"), check=True, capture_output=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _speed(name: str, rows: int, run: dict[str, Any], copied: float) -> Line:
    kinds = ", ".join(f"{count} {kind}" for kind, count in run["dispositions"].items() if count)
    seconds, share = run["seconds"], run["cpu_s"] / rows * 1e6
    detail = f"{seconds:.1f} s against {copied:.1f} s of plain COPY; {share:.0f} µs of Python a row; {kinds}"
    return Line(f"ingest: {name}", detail, rows / seconds, _TARGET_ROWS_S, at_least=True, unit="rows/s")


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
