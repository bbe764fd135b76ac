"""The same people as NDJSON, FHIR Bundle and HL7 batch, each into an empty register of its own."""

from __future__ import annotations

from bench.ingest import LARGEST_MB, SERVER, cost, load
from bench.ingest_formats import FORMATS, write
from bench.report import Line
from bench.rig import Rig, own_server


def measure(rig: Rig) -> list[Line]:
    """The memory of each load, with its speed beside it: only that of CSV has a goal."""
    return [_measure(rig, form) for form in FORMATS]


def _measure(rig: Rig, form: str) -> Line:
    folder = rig.folder / "ingest"
    folder.mkdir(exist_ok=True)
    path = folder / f"{rig.rows}.{form}"
    if not path.exists():
        write(path, form, rig.rows)
    with own_server(rig, *SERVER) as own:
        run = load(own, path, form)
    speed = f"{path.stat().st_size / 1e6:.0f} MB in {run['seconds']:.0f} s, {rig.rows / run['seconds']:,.0f} rows/s"
    detail = f"{speed}; {cost(rig.rows, run)}"
    return Line(f"formats: {form}, memory", detail, run["largest_mb"], LARGEST_MB, at_least=False, unit="MB")
