"""`make eval`: labelled cases through the configured model. Exit code 0: it passes; 1: it does not; 2: wrong use."""

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from evals.cases import CaseError, load_cases
from evals.gate import THRESHOLDS, load_thresholds, misses
from evals.gateway import NotInCatalogue, judged, scratch_gateway
from evals.report import as_json, make_console, progress, show, show_failures, total
from evals.running import Evaluator, run_all
from handlers.registry import load_domains
from shared.llm.catalogue import Catalogue, CatalogueInvalid, Prices, load_catalogue
from shared.settings import ModelSettings, load_settings


def main(arguments: list[str] | None = None) -> int:
    """Settings come from the environment and `.env`; the options override them for this run."""
    parser = _parser()
    options = parser.parse_args(arguments)
    console = make_console()
    try:
        settings = _model(options)
        catalogue = _catalogue(options, settings)
        cases = load_cases(load_domains(["handlers"]), options.cases)
        limits = load_thresholds(options.thresholds)
    except ValidationError as error:
        parser.error(_in_words(error))
    except (CaseError, CatalogueInvalid, NotInCatalogue, _WrongUse, OSError) as error:
        parser.error(str(error))
    models = [f"{one.model} ({one.provider})" for one in catalogue.deployments.values()]
    console.print(f"{len(cases)} cases × {options.repeat}, model {' → '.join(models)}, "
                  f"opinions in {settings.opinion_language}", highlight=False)  # fmt: skip
    config = load_settings().model_copy(update={"model": settings})
    with (
        scratch_gateway(config, catalogue) as gateway,
        progress(console, len(cases) * options.repeat) as done,
    ):
        evaluator = Evaluator.of(gateway, settings.opinion_language, cases)
        scores = run_all(evaluator, cases, options.repeat, options.concurrency, lambda case: done(case.path))
    show(console, scores, priced=any(one.prices != Prices() for one in catalogue.deployments.values()))
    show_failures(console, scores)
    found = misses(total(scores), limits)
    if options.json:
        about = {"models": models, "language": settings.opinion_language, "repeat": options.repeat}
        options.json.write_text(json.dumps(as_json(scores, found, **about), ensure_ascii=False, indent=2))
    for miss in found:
        console.print(f"✗ {miss}", style="red", highlight=False)
    console.print("The model does not pass." if found else "The model passes.", style="bold")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    parser.add_argument("--provider", choices=_choices("model_provider"), help="overrides MODEL_PROVIDER")
    parser.add_argument("--model", metavar="NAME", help="overrides MODEL_NAME")
    parser.add_argument("--base-url", metavar="URL", help="overrides MODEL_BASE_URL")
    parser.add_argument("--language", choices=_choices("opinion_language"), help="overrides OPINION_LANGUAGE")
    parser.add_argument("--cases", default="", metavar="TEXT", help="only cases whose domain/event/name contains it")
    parser.add_argument("--repeat", type=_positive, default=1, metavar="N", help="runs per case (default: 1)")
    parser.add_argument("--concurrency", type=_positive, default=4, metavar="N", help="cases at once (default: 4)")
    parser.add_argument("--json", type=_writable, metavar="FILE", help="write every count there")
    parser.add_argument("--thresholds", type=Path, default=THRESHOLDS, metavar="FILE",
                        help="what the model must reach (default: evals/thresholds.json)")  # fmt: skip
    parser.add_argument("--policy", metavar="NAME", help="policy or deployment of MODELS_FILE (default: its default)")
    parser.add_argument("--price", nargs=2, type=Decimal, metavar=("IN", "OUT"),
                        help="dollars per million tokens, in place of the catalogue's")  # fmt: skip
    return parser


class _WrongUse(Exception):
    """Options that do not go together; the text says which."""


def _catalogue(options: argparse.Namespace, settings: ModelSettings) -> Catalogue:
    if settings.models_file and (options.provider or options.model or options.base_url):
        raise _WrongUse("MODELS_FILE is set: choose with --policy in place of --provider, --model and --base-url")
    if settings.model_provider == "offline" and (options.model or options.base_url):
        raise _WrongUse("the offline model has neither --model nor --base-url: add --provider openai_compatible")
    prices = Prices(input=options.price[0], output=options.price[1]) if options.price else None
    return judged(load_catalogue(settings), options.policy, prices)


def _choices(setting: str) -> tuple[str, ...]:
    return get_args(ModelSettings.model_fields[setting].annotation)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _writable(text: str) -> Path:
    """Known before the run, not after it: one over a paid model may take an hour."""
    path = Path(text)
    if not path.parent.is_dir() or path.is_dir():
        raise argparse.ArgumentTypeError(f"cannot write {path}: no such folder, or a folder itself")
    return path


def _in_words(error: ValidationError) -> str:
    """Without the values: among the settings is the provider's key."""
    said = (": ".join((*map(str, item["loc"]), item["msg"].removeprefix("Value error, "))) for item in error.errors())
    return f"{error.title}: {'; '.join(said)}"


def _model(options: argparse.Namespace) -> ModelSettings:
    given: dict[str, Any] = {
        "model_provider": options.provider,
        "model_name": options.model,
        "model_base_url": options.base_url,
        "opinion_language": options.language,
    }
    return ModelSettings(**{name: value for name, value in given.items() if value is not None})


if __name__ == "__main__":
    sys.exit(main())
