"""A provider that was away for an hour must not leave a worker's thread unable to run a crew."""

from __future__ import annotations

import pytest

from handlers.crew_runner import run_crew
from handlers.crew_runtime.spec import CrewSpec
from shared.errors import ModelRefused
from shared.llm.blocking import BlockingGateway
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider
from tests.unit.crews.support import RecordingRun, case_with

OUTAGE = 40  # crewai's own stack of open events holds 100, and a stopped crew leaves three


def test_a_thread_works_again_after_a_long_outage(
    hemogram_crew: CrewSpec, provider: MockProvider, gateway: BlockingGateway, capfd: pytest.CaptureFixture[str]
) -> None:
    provider.plan = FaultPlan("400", calls=OUTAGE)
    for _ in range(OUTAGE):
        with pytest.raises(ModelRefused, match="recusou a requisição"):
            run_crew(hemogram_crew, case_with("6.8"), RecordingRun(), gateway)
    opinion, _ = run_crew(hemogram_crew, case_with("6.8"), RecordingRun(), gateway)
    assert opinion.texto
    assert "CrewAIEventsBus" not in "".join(capfd.readouterr())
