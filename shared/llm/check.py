"""Check the catalogue of models before a restart uses it: `python -m shared.llm.check [FILE] [--ask]`.

Says what the file means, and with --ask sends each deployment one tiny question (outside the ledger and the budgets;
it costs a fraction of a cent). Exit codes: 0 all is right, 1 a mistake in the file or a deployment without an answer,
2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.catalogue import Catalogue, CatalogueInvalid, Deployment, load_catalogue
from shared.llm.contract import ChatRequest
from shared.llm.failures import classify
from shared.llm.providers import create_client
from shared.llm.residency import deployment_is_inside
from shared.settings import ModelSettings

_QUESTION = ChatRequest([{"role": "user", "content": "Responda somente: ok"}], parameters={"max_tokens": 64})
_NEEDS_KEY = frozenset({"openai", "anthropic", "gemini", "mistral"})  # at the provider's own address
_GREEN, _RED, _PLAIN = "\033[32m", "\033[31m", "\033[0m"


def main(arguments: list[str] | None = None) -> int:
    """Print deployments, policies and budgets, then whatever is wrong; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m shared.llm.check", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", help="catalogue to check (default: MODELS_FILE, else MODEL_*)")
    parser.add_argument("--ask", action="store_true", help="send each deployment one tiny question")
    options = parser.parse_args(arguments)
    try:
        settings = ModelSettings(**({"models_file": options.file} if options.file else {}))
        catalogue = load_catalogue(settings)
    except (CatalogueInvalid, ValidationError) as error:
        sys.stderr.write(f"{_words(error)}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in _told(catalogue))
    verdicts = {name: _reach(one, settings) for name, one in catalogue.deployments.items()}
    good = "answers" if options.ask else "may be asked"
    if options.ask:
        wrong = {name: why for name, why in verdicts.items() if why}
        answers = {name: one for name, one in catalogue.deployments.items() if name not in wrong}
        verdicts = wrong | asyncio.run(_ask_all(answers, settings))
    for name in catalogue.deployments:
        sys.stdout.write(f"{_mark(not verdicts[name])} {name}: {verdicts[name] or good}\n")
    return 1 if any(verdicts.values()) else 0


def _told(catalogue: Catalogue) -> Iterator[str]:
    for name, one in catalogue.deployments.items():
        yield f"deployment {name}: {one.provider} {one.model}, {one.context_tokens} tokens, {_price(one)}"
    for name, policy in catalogue.policies.items():
        default = " (default)" if name == catalogue.default else ""
        yield f"policy {name}{default}: {' -> '.join(policy.deployments)}, {policy.retries} retries each"
    for budget in catalogue.budgets:
        yield f"budget {budget.scope} {budget.name}: {budget.limit_usd} US$ a {budget.period}"


def _price(deployment: Deployment) -> str:
    prices = deployment.prices
    if not prices.input and not prices.output:
        return "no price: charged to no budget"
    return f"{prices.input}/{prices.output} US$ per million tokens in/out"


def _reach(deployment: Deployment, settings: ModelSettings) -> str:
    """Why it would not be asked at all, or in vain; empty when it would."""
    if deployment.provider in _NEEDS_KEY and not deployment.base_url and deployment.key() is None:
        return "no key: name its variable in api_key_env (MODEL_API_KEY without a file)"
    try:
        if deployment_is_inside(deployment) or settings.transferencia_internacional:
            return ""
    except (ModelRefused, ModelUnavailable) as error:
        return error.detail
    return "outside the house, and TRANSFERENCIA_INTERNACIONAL is false: never asked"


async def _ask_all(deployments: dict[str, Deployment], settings: ModelSettings) -> dict[str, str]:
    """One after the other, so that a slow line names itself."""
    return {name: await _ask(name, one, settings) for name, one in deployments.items()}


async def _ask(name: str, deployment: Deployment, settings: ModelSettings) -> str:
    """Why it gave no answer; empty when it did."""
    if deployment.provider == "offline":
        return ""  # it describes findings, and a check has none
    client = create_client(deployment, transfer_allowed=settings.transferencia_internacional)
    started = time.monotonic()
    try:
        async with asyncio.timeout(deployment.deadline_s):
            reply = await client.complete(_QUESTION)
    except (ModelRefused, ModelUnavailable) as error:
        return error.detail
    except Exception as error:  # noqa: BLE001 - whatever a provider's library raises, said in the gateway's words
        fault = classify(error)
        return f"{fault.kind.value}: {fault.detail}"
    finally:
        await client.close()
    usage = reply.usage
    cost = deployment.prices.microusd(usage.prompt_tokens, usage.completion_tokens) if usage else 0
    tokens = f"{usage.prompt_tokens} + {usage.completion_tokens} tokens" if usage else "tokens not counted"
    sys.stdout.write(f"asked {name}: {time.monotonic() - started:.2f} s, {tokens}, {cost} micro-dollars\n")
    return ""


def _words(error: CatalogueInvalid | ValidationError) -> str:
    """Without the values: among the settings is a provider's key."""
    if isinstance(error, CatalogueInvalid):
        return str(error)
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(": ".join((*map(str, item["loc"]), item["msg"].removeprefix("Value error, "))) for item in found)


def _mark(good: bool) -> str:
    sign, colour = ("✓", _GREEN) if good else ("✗", _RED)
    return f"{colour}{sign}{_PLAIN}" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else sign


if __name__ == "__main__":
    sys.exit(main())
