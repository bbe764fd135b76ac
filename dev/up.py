"""`make up`: the whole platform on this machine until Ctrl-C.

Exit codes: 0 stopped on request, 1 something did not come up or ended by itself.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import time

from dev.console import DevError, failure
from dev.demo_requests import cases
from dev.stack import Stack, running_stack

WATCH_S = 0.5
HL7_EXAMPLE = "handlers/exames/interop/examples/hemograma.hl7"


def describe(stack: Stack) -> str:
    """The addresses, and a request to try."""
    base, broker, addresses = stack.api_url, stack.broker, stack.processes.addresses
    login = f"   user {broker.login}" if broker.login else ""
    return "\n".join(
        [
            "",
            "Plantão is up. Ctrl-C stops it.",
            f"  API docs      {base}/docs",
            f"  Health        {base}/health   {base}/readyz",
            f"  HL7 (MLLP)    {addresses.mllp_host}:{addresses.mllp_port}",
            f"  RabbitMQ      {broker.management_url}{login}",
            f"  Logs          {stack.processes.logs}",
            "  Try:",
            curl(stack),
            *send_hl7(stack),
            "",
        ]
    )


def curl(stack: Stack) -> str:
    """A request that works: the hemogram, or whatever event comes first where there is none."""
    all_cases = cases(stack.domains, stack.settings.domains)
    case = next((case for case in all_cases if case.event.name == "hemograma"), all_cases[0])
    body = shlex.quote(json.dumps(case.event.example, ensure_ascii=False))
    return f"    curl -s {stack.api_url}{case.path} -H 'Content-Type: application/json' -d {body}"


def send_hl7(stack: Stack) -> list[str]:
    """A message that the listener takes, as a command; nothing where the domain is not there or TLS is asked for."""
    if stack.mllp is None or "exames" not in stack.domains:
        return []
    host, port = stack.mllp
    return [f"    .venv/bin/python -m dev.mllp_send {HL7_EXAMPLE} --host {host} --port {port}"]


def stop_on_sigterm() -> None:
    """`kill` behaves as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m dev.up", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    stop_on_sigterm()
    print("Bringing Plantão up:", flush=True)
    try:
        with running_stack("up") as stack:
            print(describe(stack), flush=True)
            while True:
                stack.processes.require_alive()
                time.sleep(WATCH_S)
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
        return 0
    except DevError as error:
        failure(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
