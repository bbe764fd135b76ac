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
from dev.demo_requests import cases, url_prefix
from dev.demo_talk import CHAT
from dev.stack import Stack, running_stack
from shared.interop import FHIR_JSON

WATCH_S = 0.5
FHIR_EXAMPLE = "handlers/exames/interop/examples/hemograma.fhir.json"
HL7_EXAMPLE = "handlers/exames/interop/examples/hemograma.hl7"
AS_JSON = "-H 'Content-Type: application/json'"


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
            f"  OpenAI API    {base}/v1   any key; crews are models there: {base}/v1/models",
            f"  HL7 (MLLP)    {addresses.mllp_host}:{addresses.mllp_port}",
            f"  RabbitMQ      {broker.management_url}{login}",
            f"  Logs          {stack.processes.logs}",
            "  Try:",
            f"    {post(stack)}",
            *(f"    {command}" for command in send_hl7(stack)),
            f"""    curl -sN {base}{CHAT} {AS_JSON} -d '{{"content": "Olá", "stream": true}}'""",
            "",
        ]
    )


def post(stack: Stack) -> str:
    """A request that works, short enough to read: the hemogram from its file, else the first event's own example."""
    if "exames" in stack.domains:
        prefix = url_prefix(stack.domains["exames"], stack.settings.domains)
        kind = f"-H 'Content-Type: {FHIR_JSON}'"
        return f"curl -s {stack.api_url}{prefix}/hemograma {kind} --data-binary @{FHIR_EXAMPLE}"
    first = cases(stack.domains, stack.settings.domains)[0]
    body = shlex.quote(json.dumps(first.event.example, ensure_ascii=False))
    return f"curl -s {stack.api_url}{first.path} {AS_JSON} -d {body}"


def send_hl7(stack: Stack) -> list[str]:
    """A message that the listener takes, as a command; nothing where the domain is not there or TLS is asked for."""
    if stack.mllp is None or "exames" not in stack.domains:
        return []
    host, port = stack.mllp
    return [f".venv/bin/python -m dev.mllp_send {HL7_EXAMPLE} --host {host} --port {port}"]


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
