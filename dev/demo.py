"""`make demo`: the platform up, one real request per event and per way in, the results, a talk, and down again.

Exit codes: 0 every task completed, 1 something did not come up or did not complete, 130 interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import httpx

from dev.broker import names_broker
from dev.console import DevError, failure
from dev.demo_answers import AnswerReceiver, answer_receiver, ask
from dev.demo_events import publish_results, take_events
from dev.demo_requests import Case, cases, document_cases, follow_all
from dev.demo_talk import TIMEOUT_S, talk
from dev.demo_view import View, show_results, watching
from dev.processes import ROOT
from dev.stack import Stack, running_stack
from dev.up import stop_on_sigterm
from handlers.configured import configured_domains
from shared.settings import BrokerSettings, DomainSettings

DEADLINE_S = 120.0
HTTP_TIMEOUT_S = 30.0
INTERRUPTED = 130
QUESTION = "conversas/resposta"


def run(stack: Stack, receiver: AnswerReceiver) -> list[str]:
    """Post, follow, show. Returns the names of what did not complete."""
    settings = stack.settings.domains
    all_cases = [*cases(stack.domains, settings), *document_cases(stack.domains, settings, stack.mllp)]
    take_events(stack.broker, stack.domains.values())  # of a run that was interrupted
    print(f"\nSending {len(all_cases)} requests to {stack.api_url} and following them:", flush=True)
    with watching(all_cases) as view:
        asyncio.run(_follow(stack.api_url, all_cases, view))
    show_results(all_cases)
    with httpx.Client(base_url=stack.api_url, timeout=TIMEOUT_S) as client:
        unanswered = talk(client, stack.domains)
    # Last of all: what the crew's task tells the world is on its way to the broker before this question's answer.
    answered, words = ask(stack.api_url, receiver)
    print(f"\n{QUESTION}: {words}", flush=True)
    told = take_events(stack.broker, stack.domains.values())
    if told:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(told.items()))
        print(f"\nTold to other systems as CloudEvents on eventos.resultados, alerts before any model: {counts}.")
    failed = [case.name for case in all_cases if not case.succeeded]
    return [*failed, *unanswered, *([] if answered else [QUESTION])]


async def _follow(api_url: str, all_cases: list[Case], view: View) -> None:
    async with httpx.AsyncClient(base_url=api_url, timeout=HTTP_TIMEOUT_S) as client:
        await follow_all(client, all_cases, view.changed, DEADLINE_S)


def verdict(stack: Stack, failed: list[str]) -> int:
    if not failed:
        return 0
    names = ", ".join(failed)
    advice = f"The logs in {stack.processes.logs} say why; then run make demo again."
    failure(DevError(f"Did not complete: {names}.\n  {advice}"))
    return 1


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m dev.demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    stop_on_sigterm()
    began = time.monotonic()
    print("Bringing Plantão up for a demo:", flush=True)
    try:
        if not names_broker(BrokerSettings()):
            publish_results(configured_domains(DomainSettings()))
        with answer_receiver(ROOT / ".run" / "demo") as receiver, running_stack("demo") as stack:
            code = verdict(stack, run(stack, receiver))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr, flush=True)
        return INTERRUPTED
    except DevError as error:
        failure(error)
        return 1
    if code == 0:
        seconds = time.monotonic() - began
        print(f"\nDone in {seconds:.0f} s. `make up` keeps it running, `make help` shows the rest.", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
