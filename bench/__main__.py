"""`python -m bench [section …]`: every figure is measured here and now, and compared within this run."""

from __future__ import annotations

import argparse

from bench import accept, crews, drain, formats, gateway, ingest, latency, mllp, start
from bench.report import Line, show
from bench.rig import rig
from dev.console import step

SECTIONS = {
    "accept": accept,
    "mllp": mllp,
    "drain": drain,
    "latency": latency,
    "crews": crews,
    "gateway": gateway,
    "start": start,
    "ingest": ingest,
    "formats": formats,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"some of: {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of a file that ingest or formats loads")
    arguments = parser.parse_args()
    chosen = arguments.sections or list(SECTIONS)
    unknown = [name for name in chosen if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown section {unknown[0]!r}")
    lines: list[Line] = []
    with rig(arguments.rows) as shared:
        for name in chosen:
            with step(f"Measuring {name}"):
                lines += SECTIONS[name].measure(shared)
    show(lines)


if __name__ == "__main__":
    main()
