"""`python -m tests.llmock --port 8099 --delay 1.0 --fault 429 --calls 2 --retry-after 1`"""

from __future__ import annotations

import argparse

import uvicorn

from tests.llmock.faults import FAULTS, FaultPlan
from tests.llmock.server import MockProvider


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.llmock", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--fault", choices=FAULTS)
    parser.add_argument("--calls", type=int, default=0, help="only the first N calls fail; 0: all of them")
    parser.add_argument("--retry-after", help="the header's value, sent with an error status")
    args = parser.parse_args()
    provider = MockProvider(args.delay, FaultPlan(args.fault, args.calls, args.retry_after))
    uvicorn.run(provider.app, host=args.host, port=args.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
