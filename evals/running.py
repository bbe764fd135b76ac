"""Cases through the real handlers, several at a time, in this process: no broker, no store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from evals.cases import Case
from evals.recording import RecordedRun, RecordingModels
from evals.scoring import Score, text_score
from handlers.crew_handler import CrewHandler
from handlers.crew_runtime.guardrail import CitationRules
from handlers.crew_runtime.models import CrewModels
from handlers.crew_runtime.quantities import Language
from handlers.registry import load_handlers
from shared.errors import ExecutionError
from shared.execution import Handler
from shared.findings import Avaliacao


@dataclass(frozen=True)
class Evaluator:
    """What every run needs: one gateway for all, the language of opinions, the handlers by domain and event."""

    models: CrewModels
    language: Language
    handlers: dict[str, dict[str, Handler]]

    @classmethod
    def of(cls, models: CrewModels, language: Language, cases: Iterable[Case]) -> Evaluator:
        domains = {case.domain.key: case.domain for case in cases}
        handlers = {key: load_handlers(domain, ["handlers"]) for key, domain in domains.items()}
        return cls(models, language, handlers)

    def run(self, case: Case) -> Score:
        """One case once. Never raises for what a model does; a case that no longer fits is `unexpected`."""
        try:
            request = case.request()
        except ValidationError as error:
            return Score(runs=1, unexpected=(f"{case.path}: the request is refused: {error.errors()[0]['msg']}",))
        recorder = RecordingModels(self.models)
        handler = cast(CrewHandler, self.handlers[case.domain.key][case.event.name]).using(recorder, self.language)
        run = RecordedRun(case.path)
        evaluation = case.file.avaliacao or handler.evaluate(request, run)
        score = replace(self._answer(case, handler, request, evaluation, run, recorder), runs=1)
        return replace(score, unexpected=(*_rules_changed(case, evaluation), *score.unexpected))

    def _answer(
        self,
        case: Case,
        handler: CrewHandler,
        request: BaseModel,
        evaluation: Avaliacao,
        run: RecordedRun,
        recorder: RecordingModels,
    ) -> Score:
        started = time.monotonic()
        failure, result = "", {}
        try:
            result = handler.respond(request, evaluation, run)
        except ExecutionError as error:
            failure = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - started
        opinion: dict[str, Any] | None = result.get("parecer")
        if bool(opinion or failure) != case.file.opinion:
            said = "an opinion was written" if opinion else "a model was asked" if failure else "no opinion was written"
            return Score(unexpected=(f"{case.path}: {said}",))
        if not case.file.opinion:
            return Score()
        rules = CitationRules(evaluation, handler.forbidden, self.language)
        drafts = recorder.drafts(len(run.verdicts))
        return Score(
            opinions=1,
            draft=text_score(case, evaluation, rules, drafts[0] if drafts else ""),
            opinion=text_score(case, evaluation, rules, opinion["texto"] if opinion else ""),
            retries=max(0, len(drafts) - 1),
            degraded=int(opinion is None),
            failures=(failure,) if failure else (),
            seconds=(seconds,),
            calls=len(recorder.replies),
            prompt_tokens=sum(reply.usage.prompt_tokens for reply in recorder.replies),
            completion_tokens=sum(reply.usage.completion_tokens for reply in recorder.replies),
            cost_microusd=sum(reply.cost_microusd for reply in recorder.replies),
            answered_by=tuple(reply.deployment for reply in recorder.replies),
        )


def run_all(
    evaluator: Evaluator, cases: list[Case], repeat: int, concurrency: int, done: Callable[[Case], None]
) -> dict[str, Score]:
    """Every case `repeat` times, `concurrency` at once; `done` is called after each run. By case path, in order."""
    scores = {case.path: Score() for case in cases}
    with ThreadPoolExecutor(concurrency) as pool:
        running = {pool.submit(evaluator.run, case): case for _ in range(repeat) for case in cases}
        try:
            for future in as_completed(running):
                case = running[future]
                scores[case.path] += future.result()
                done(case)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return scores


def _rules_changed(case: Case, evaluation: Avaliacao) -> tuple[str, ...]:
    """A label that the rules no longer produce is a stale case, not a bad model."""
    known = {item.codigo for item in evaluation.achados}
    return tuple(f"{case.path}: the rules no longer find {code}" for code in case.file.preserve if code not in known)
