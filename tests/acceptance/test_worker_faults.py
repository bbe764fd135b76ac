"""What happens to work when processes die, drain, or a task is their murderer. On both engines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.effects import once
from tests.acceptance.gates import Gate
from tests.acceptance.timeline import kinds
from tests.platform import Platform, eventually, running_platform

DRAIN_S = 5.0
DEADLINE_S = 10  # after the drain has begun and ended


@pytest.fixture(scope="module")
def running(
    engine: str, rabbit: RabbitNode, module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    Vhost(rabbit, "testes_eco").empty()
    folder = tmp_path_factory.mktemp(f"faults-{engine}")
    settings = {
        "WORKER_DRAIN_S": str(DRAIN_S),
        "TASK_DEADLINE_S": str(DEADLINE_S),
        "RETRY_MAX_ATTEMPTS": "3",
        "CRASH_LOOP_RESTARTS": "50",
    }
    with running_platform(rabbit, module_postgres_url, folder, engine, **settings) as platform:
        yield platform


@pytest.fixture
def platform(running: Platform) -> Iterator[Platform]:
    yield running
    running.heal("eco")


# --- deaths ---------------------------------------------------------------------------------------------------


def test_a_killed_consumer_alone_is_restarted_and_its_work_completes(platform: Platform, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    task = gate.hold(platform)
    before = platform.children()
    killed = platform.kill_consumer("eco")
    gate.open()
    assert once(platform, task)["attempts"] == 0  # a death is no failure of the task's own
    assert "lease_expired" in kinds(platform.client, task)
    after = platform.children()
    assert killed not in after
    assert set(before) - {killed} < set(after)  # the others are the same processes


def test_a_killed_supervisor_takes_its_orphans_along_and_nothing_is_lost(platform: Platform, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    running = [gate.hold(platform) for _ in range(3)]
    orphans = platform.children()
    platform.kill_supervisor()
    accepted = [platform.submit("/api/eco/", {"texto": f"órfão {number}"}) for number in range(10)]
    eventually(lambda: not any(alive(pid) for pid in orphans), "the orphans stop by themselves")
    gate.open()
    platform.heal("eco")
    for task in running + accepted:
        once(platform, task)


def test_a_killed_api_has_lost_nothing_that_it_accepted(platform: Platform) -> None:
    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(lambda number: platform.submit("/api/eco/", {"texto": f"{number}"}), range(40)))
    platform.kill_api()  # some of their messages are published, some confirms are still on the way
    platform.start_api()
    for task in accepted:
        once(platform, task)


def alive(pid: int) -> bool:
    """Whether the process runs: a zombie that nobody has reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# --- draining -------------------------------------------------------------------------------------------------


def test_a_drain_lets_short_work_finish_and_gives_long_work_back(platform: Platform, tmp_path: Path) -> None:
    short, long = Gate(tmp_path), Gate(tmp_path)
    quick, slow = short.hold(platform), long.hold(platform)
    assert platform.workers
    platform.workers.terminate()
    eventually(lambda: (platform.consumer("eco") or {}).get("state") == "draining", "the consumer drains")
    short.open()
    late = platform.submit("/api/eco/", {"texto": "depois"})
    assert once(platform, quick)["attempts"] == 0
    assert platform.workers.wait(60) == 0
    given_back = platform.view(slow)
    assert (given_back["status"], given_back["attempts"], given_back["error"]) == ("queued", 0, None)
    assert platform.view(late)["status"] in {"pending", "queued"}
    long.open()
    platform.heal("eco")
    assert once(platform, slow)["attempts"] == 0
    assert "lease_expired" not in kinds(platform.client, slow)
    once(platform, late)


# --- tasks that kill their worker -----------------------------------------------------------------------------


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_task_that_kills_its_worker_may_still_complete(platform: Platform, tmp_path: Path, deaths: int) -> None:
    counted = tmp_path / "mortes.txt"
    view = once(platform, platform.submit("/api/eco/mortal/", {"mortes": deaths, "arquivo": str(counted)}))
    assert view["result"] == {"mortes": deaths}
    assert len(counted.read_text().splitlines()) == deaths


def test_a_task_that_always_kills_its_worker_fails_and_others_do_not(platform: Platform, tmp_path: Path) -> None:
    counted = tmp_path / "mortes.txt"
    task = platform.submit("/api/eco/mortal/", {"mortes": 1000, "arquivo": str(counted)})
    neighbours = [platform.submit("/api/eco/lento/", {"segundos": 0.2}) for _ in range(4)]
    view = platform.finished(task)
    assert (view["status"], view["error"]["code"], view["result"]) == ("failed", "kills_its_worker", None)
    assert view["alerts"][0]["codigo"] == "critico_teste"  # what the rules found before stands
    assert len(set(counted.read_text().splitlines())) == 4
    for neighbour in neighbours:
        once(platform, neighbour)


# --- failures of the model, of time, of the rules -------------------------------------------------------------


def test_a_model_that_comes_back_is_asked_again(platform: Platform) -> None:
    view = once(platform, task := platform.submit("/api/eco/instavel/", {"falhas": 2}))
    assert (view["attempts"], view["degraded"], view["result"]) == (2, False, {"tentativa": 3})
    lines = kinds(platform.client, task)
    assert lines.count("retry") == 2
    assert lines.count("alert") == 1  # said once, by the first attempt


@pytest.mark.parametrize(("path", "code"), [("instavel/", "model_unavailable"), ("recusado/", "model_refused")])
def test_without_a_model_the_findings_stand(platform: Platform, path: str, code: str) -> None:
    body = {"falhas": 99} if path == "instavel/" else {}
    view = once(platform, platform.submit(f"/api/eco/{path}", body))
    assert (view["degraded"], view["error"]["code"]) == (True, code)
    assert view["result"]["achados"] == view["findings"]["achados"] != []
    assert view["alerts"][0]["codigo"] == "critico_teste"


def test_a_deadline_ends_the_work_with_its_findings(platform: Platform, tmp_path: Path) -> None:
    view = once(platform, Gate(tmp_path).submit(platform))
    assert (view["degraded"], view["error"]["code"]) == (True, "deadline_exceeded")
    assert view["result"]["achados"] != []


@pytest.mark.parametrize(("reason", "shown"), [("sem idade", "sem idade"), (None, "ZeroDivisionError")])
def test_rules_that_cannot_decide_fail_with_the_reason(platform: Platform, reason: str | None, shown: str) -> None:
    view = platform.finished(platform.submit("/api/eco/regra/", {"motivo": reason}))
    assert (view["status"], view["error"]["code"]) == ("failed", "rules_failed")
    assert shown in view["error"]["detail"]
    assert "segredo" not in platform.full_log() + str(view)
