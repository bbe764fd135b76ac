"""Crews on a model behind HTTP: slow, failing, gone. The findings and alerts never wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.hospital import DOMAINS, assert_envelope, assert_opinion, example
from tests.acceptance.models import RESTLESS, models_file
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running
from tests.platform import DEADLINE_S, Platform


class Provider:
    """A mock provider that can also be gone."""

    def __init__(self) -> None:
        self.mock = MockProvider()
        self._serving = ExitStack()
        self.url = self._serving.enter_context(running(self.mock))

    def vanish(self) -> None:
        """Connections are refused from now on."""
        self._serving.close()


@pytest.fixture(scope="module")
def provider(engine: str) -> Iterator[Provider]:
    """One per platform: its last test takes it away."""
    made = Provider()
    yield made
    made.vanish()


@pytest.fixture(scope="module")
def platform(
    engine: str,
    rabbit: RabbitNode,
    module_postgres_url: str,
    provider: Provider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    for domain in DOMAINS.values():
        Vhost(rabbit, domain.vhost).empty()
    folder = tmp_path_factory.mktemp(f"provider-{engine}")
    made = Platform(
        rabbit,
        module_postgres_url,
        folder,
        engine,
        MODELS_FILE=str(models_file(folder, RESTLESS, casa=provider.url)),
        RETRY_MAX_ATTEMPTS="2",
    )
    try:
        made.start_api()
        made.start_workers("--domains", "exames,clinico", wait_for=("exames", "clinico"))
        yield made
    finally:
        made.close()


@pytest.fixture
def mock(provider: Provider) -> MockProvider:
    """The provider in good health, with nothing received yet."""
    provider.mock.plan = FaultPlan()
    provider.mock.answering.set()
    provider.mock.received.clear()
    provider.mock.abandoned.clear()
    return provider.mock


def post_hemogram(platform: Platform) -> str:
    found = example("exames.hemograma")
    return platform.submit(found.url, found.body)


def assert_findings_stand(view: dict[str, Any], code: str) -> None:
    assert (view["status"], view["degraded"], view["error"]["code"]) == ("completed", True, code)
    assert_envelope(view["result"])
    assert (view["result"]["parecer"], view["result"]["proveniencia"]) == (None, None)
    assert view["result"]["achados"] == view["findings"]["achados"]
    assert "critico_plaquetas" in {alert["codigo"] for alert in view["alerts"]}


def test_a_model_behind_http_writes_the_opinion(platform: Platform, mock: MockProvider) -> None:
    found = example("clinico.internacao")
    view = platform.finished(platform.submit(found.url, found.body))
    assert (view["status"], view["degraded"]) == ("completed", False)
    assert_envelope(view["result"])
    assert_opinion(view["result"], provider="openai_compatible")
    assert view["result"]["proveniencia"]["modelo"] == "llmock"


def test_a_critical_alert_is_visible_before_the_crew_ends(platform: Platform, mock: MockProvider) -> None:
    mock.answering.clear()
    task = post_hemogram(platform)
    assert mock.received.wait(DEADLINE_S), "the crew asks its model"
    view = platform.view(task)
    mock.answering.set()
    assert (view["status"], view["result"]) == ("running", None)
    assert view["alerts"] and view["findings"]["achados"]
    assert platform.finished(task)["alerts"] == view["alerts"]


def test_a_cancelled_crew_hangs_up_on_its_model(platform: Platform, mock: MockProvider) -> None:
    mock.plan = FaultPlan("stall")
    task = post_hemogram(platform)
    assert mock.received.wait(DEADLINE_S), "the crew asks its model"
    platform.client.post(f"/api/tasks/{task}/cancel")
    assert mock.abandoned.wait(DEADLINE_S), "the call is given up"
    view = platform.finished(task)
    assert (view["status"], view["result"]) == ("cancelled", None)
    assert view["alerts"]


@pytest.mark.parametrize(
    ("fault", "code"), [("500", "model_unavailable"), ("401", "model_refused"), ("falsify", "model_refused")]
)
def test_a_failing_model_costs_the_opinion_only(platform: Platform, mock: MockProvider, fault: Any, code: str) -> None:
    mock.plan = FaultPlan(fault)
    assert_findings_stand(platform.finished(post_hemogram(platform)), code)


def test_a_model_that_recovers_between_attempts_still_writes(platform: Platform, mock: MockProvider) -> None:
    mock.requests.clear()
    mock.plan = FaultPlan("503", calls=1)
    view = platform.finished(post_hemogram(platform))
    assert (view["status"], view["degraded"], view["attempts"]) == ("completed", False, 1)
    assert_opinion(view["result"], provider="openai_compatible")


def test_a_model_that_is_gone_costs_the_opinion_only(platform: Platform, provider: Provider) -> None:
    provider.vanish()
    assert_findings_stand(platform.finished(post_hemogram(platform)), "model_unavailable")
