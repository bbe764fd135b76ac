"""What identifies a patient stays in the store: no log line, metric, message, problem or prompt repeats it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.ports import free_ports
from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.canaries import CPF, NAME, assert_clean, planted
from tests.acceptance.hospital import CREWED, DOMAINS, examples
from tests.acceptance.models import RESTLESS, models_file
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running
from tests.platform import Platform, eventually


@pytest.fixture(scope="module")
def mock() -> MockProvider:
    return MockProvider()


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode,
    module_postgres_url: str,
    mock: MockProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """Its API only: the workers start when the messages have been looked at.

    On dramatiq, the engine with the most foreign code in it; both share every line that logs or counts.
    """
    for vhost in vhosts(rabbit):
        vhost.empty()
    folder: Path = tmp_path_factory.mktemp("canary")
    settings = {
        "RETRY_MAX_ATTEMPTS": "2",
        "LOG_LEVEL": "DEBUG",
        "WORKER_METRICS_PORT": str(free_ports(1)[0]),
    }
    with running(mock) as url:
        models = str(models_file(folder, RESTLESS, casa=url))
        made = Platform(rabbit, module_postgres_url, folder, "dramatiq", MODELS_FILE=models, **settings)
        try:
            made.start_api()
            made.wait_connected()
            yield made
        finally:
            made.close()


def vhosts(rabbit: RabbitNode) -> list[Vhost]:
    return [Vhost(rabbit, domain.vhost) for domain in DOMAINS.values()]


def test_no_identifier_leaves_the_store(platform: Platform, rabbit: RabbitNode, mock: MockProvider) -> None:
    accepted = {found.name: platform.submit(found.url, planted(found.body)) for found in examples()}
    _messages_hold_ids_only(platform, rabbit, set(accepted.values()))

    platform.start_workers("--domains", ",".join(DOMAINS), wait_for=tuple(DOMAINS))
    views = {name: platform.finished(task) for name, task in accepted.items()}
    # The crews did ask, so that there are prompts to look at.
    assert {name: view["error"] for name, view in views.items() if view["error"]} == {}
    assert len(mock.requests) > len(accepted)
    assert_clean(json.dumps(mock.requests, ensure_ascii=False), "a prompt")

    mock.plan = FaultPlan("401")  # a provider that quotes the prompt in its error
    refused = [platform.submit(found.url, planted(found.body)) for found in examples() if found.name in CREWED]
    codes = {(view["error"] or {}).get("code") for view in map(platform.finished, refused)}
    assert codes == {"model_refused"}

    for url in ("/metrics", "/health"):
        assert_clean(platform.client.get(url).text, url)
    assert_clean(_worker_metrics(platform), "the workers' metrics")
    for task in [*accepted.values(), *refused]:
        with platform.client.stream("GET", f"/api/tasks/{task}/events") as stream:
            assert_clean(stream.read().decode(), "a timeline")
    assert_clean(platform.full_log(), "a log line")
    # One JSON object per line: nobody else prints, and no line break of an input forges a line.
    assert all(json.loads(line)["event"] for line in platform.full_log().splitlines())


def _messages_hold_ids_only(platform: Platform, rabbit: RabbitNode, tasks: set[str]) -> None:
    def waiting() -> list[tuple[Any, bytes]]:
        return [message for vhost in vhosts(rabbit) for message in vhost.look()]

    messages = eventually(lambda: len(found := waiting()) == len(tasks) and found, "every task has its message")
    for properties, body in messages:
        assert set(json.loads(body)) == {"task_id", "event", "attempt"}
        assert_clean(f"{body.decode()} {properties}", "a message")
    assert {json.loads(body)["task_id"] for _, body in messages} == tasks


def _worker_metrics(platform: Platform) -> str:
    port = platform.setting("WORKER_METRICS_PORT")
    return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text


@pytest.mark.parametrize("found", examples(), ids=lambda found: found.name)
def test_no_refusal_repeats_what_it_refuses(platform: Platform, found: Any) -> None:
    body = planted(found.body)
    spoiled = [
        body | {NAME: CPF},
        body | {"idempotency_key": f"{NAME} {CPF}\r\n" * 20},
        dict.fromkeys(body, f"{NAME} {CPF}"),
        {name: [{NAME: CPF}] for name in body},
        json.dumps(body, ensure_ascii=False)[:-1],
    ]
    for wrong in spoiled:
        content = wrong if isinstance(wrong, str) else json.dumps(wrong, ensure_ascii=False)
        answer = platform.client.post(found.url, content=content.encode(), headers={"Content-Type": "application/json"})
        assert (answer.status_code // 100, answer.headers["content-type"]) == (4, "application/problem+json")
        assert_clean(answer.text, "a problem")
    assert_clean(platform.full_log(), "a log line")
