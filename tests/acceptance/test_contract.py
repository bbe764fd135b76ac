"""What a caller may rely on: acceptance, status, idempotency, timeline, cancel and replay."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.acceptance.broker import Vhost
from tests.acceptance.gates import Gate, reached
from tests.acceptance.timeline import follow, kinds
from tests.platform import Platform, eventually

pytestmark = pytest.mark.parametrize(
    "shared_platform", ["pika on sqlite", "dramatiq on postgresql"], indirect=True, scope="module"
)
FIELDS = {"task_id", "domain", "event", "status", "created_at", "started_at", "finished_at", "attempts", "progress"}
FIELDS |= {"alerts", "degraded", "review", "result", "error"}


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    return shared_platform


def test_a_task_goes_all_the_way(platform: Platform) -> None:
    task = platform.submit("/api/eco/", {"texto": "olá"})
    view = platform.finished(task)
    assert (view["status"], view["result"]["eco"]["texto"]) == ("completed", "olá")
    assert kinds(platform.client, task).count("completed") == 1


# --- acceptance -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/eco", "/api/eco/", "/api/eco/recusado", "/api/eco/recusado/"])
def test_acceptance_answers_where_to_look_and_when(platform: Platform, path: str) -> None:
    body = {} if "recusado" in path else {"texto": "olá"}
    answer = platform.client.post(path, json=body)
    assert answer.status_code == 202
    accepted = answer.json()
    assert set(accepted) == {"task_id", "status", "status_url"}
    assert accepted["status"] == "pending"
    assert answer.headers["location"] == accepted["status_url"] == f"/api/eco/status/{accepted['task_id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert platform.client.get(accepted["status_url"]).json()["task_id"] == accepted["task_id"]


def test_status_has_the_fields_of_the_contract(platform: Platform) -> None:
    view = platform.finished(platform.submit("/api/eco/", {"texto": "olá"}))
    assert set(view) >= FIELDS
    assert set(view["progress"]) == {"done", "total", "agent"}
    assert (view["domain"], view["event"], view["attempts"], view["degraded"]) == ("eco", "eco", 0, False)
    assert view["created_at"] <= view["started_at"] <= view["finished_at"]
    assert view["error"] is None


# --- status ---------------------------------------------------------------------------------------------------


def test_an_unchanged_task_answers_304(platform: Platform) -> None:
    task = platform.submit("/api/eco/", {"texto": "olá"})
    platform.finished(task)
    url = f"/api/eco/status/{task}"
    first = platform.client.get(url)
    again = platform.client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert platform.client.get(url, headers={"If-None-Match": '"outro"'}).status_code == 200


def test_the_etag_changes_with_the_task(platform: Platform, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    task = gate.hold(platform)
    before = platform.client.get(f"/api/tasks/{task}")
    assert before.headers["retry-after"] == "1"
    gate.open()
    platform.finished(task)
    after = platform.client.get(f"/api/tasks/{task}", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["status"]) == (200, "completed")


@pytest.mark.parametrize("asked", ["query", "prefer"])
def test_a_long_poll_ends_with_the_task(platform: Platform, tmp_path: Path, asked: str) -> None:
    gate = Gate(tmp_path)
    task = gate.hold(platform)
    options = {"params": {"wait": 30}} if asked == "query" else {"headers": {"Prefer": "respond-async, wait=30"}}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(httpx.get, f"{platform.client.base_url}/api/eco/status/{task}", timeout=40, **options)
        # Nothing has happened to the task: the answer must not be here yet.
        assert platform.client.get(f"/api/tasks/{task}", params={"wait": 1}).json()["status"] == "running"
        assert not waiting.done()
        gate.open()
        answer = waiting.result()
    assert answer.json()["status"] == "completed"
    assert answer.headers.get("preference-applied") == ("wait=30" if asked == "prefer" else None)


def test_a_long_poll_may_end_without_a_change(platform: Platform, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    task = gate.hold(platform)

    def unchanged() -> bool:
        etag = platform.client.get(f"/api/tasks/{task}").headers["etag"]
        url = f"/api/tasks/{task}"
        return platform.client.get(url, params={"wait": 1}, headers={"If-None-Match": etag}).status_code == 304

    # The broker's confirm and the first progress are changes too; after them nothing moves.
    eventually(unchanged, "a wait without a change")
    gate.open()
    platform.finished(task)


@pytest.mark.parametrize("wait", ["-1", "31", "muito"])
def test_an_impossible_wait_is_refused(platform: Platform, wait: str) -> None:
    answer = platform.client.get(f"/api/tasks/{uuid4()}", params={"wait": wait})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "wait")


def test_unknown_tasks_and_other_domains_tasks_do_not_exist(platform: Platform) -> None:
    task = platform.submit("/api/eco/", {"texto": "olá"})
    missing = uuid4()
    reads = [f"/api/tasks/{missing}", f"/api/tasks/{missing}/results", f"/api/tasks/{missing}/events"]
    writes = [f"/api/tasks/{missing}/cancel", f"/api/tasks/{missing}/replay"]
    answers = [platform.client.get(url) for url in [*reads, f"/api/eco/status/{missing}", f"/api/exames/status/{task}"]]
    answers += [platform.client.post(url) for url in writes]
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.json()["type"] == "urn:plantao:problema:not-found"
    platform.finished(task)


def test_a_foreign_system_asks_by_its_own_id(platform: Platform, eco: Vhost) -> None:
    name = f"LAB-{uuid4().hex}"
    eco.publish(b'{"event": "eco", "payload": {"texto": "de fora"}, "id": "%s"}' % name.encode())

    def status() -> dict[str, object] | None:
        answer = platform.client.get(f"/api/eco/status/{name}")
        return answer.json() if answer.status_code == 200 and answer.json()["status"] == "completed" else None

    view = eventually(status, "the foreign task completes")
    assert view["result"]["eco"]["texto"] == "de fora"
    assert platform.client.get(f"/api/eco/status/{view['task_id']}").json()["task_id"] == view["task_id"]
    assert platform.client.get(f"/api/exames/status/{name}").status_code == 404


# --- idempotency ----------------------------------------------------------------------------------------------


def test_the_same_key_and_body_are_the_same_task(platform: Platform) -> None:
    key = uuid4().hex
    first = platform.submit("/api/eco/", {"texto": "olá"}, **{"Idempotency-Key": key})
    # Spelled differently, it is the same body; a key may be quoted, as the draft standard has it.
    again = platform.client.post(
        "/api/eco/", content=b'{ "texto" : "ol\\u00e1" }', headers={"Idempotency-Key": f'"{key}"'}
    )
    assert (again.status_code, again.json()["task_id"]) == (202, first)
    platform.finished(first)
    assert platform.submit("/api/eco/", {"texto": "olá"}, **{"Idempotency-Key": key}) == first
    assert kinds(platform.client, first).count("claimed") == 1


@pytest.mark.parametrize(("path", "body"), [("/api/eco/", {"texto": "outra"}), ("/api/eco/lento/", {"segundos": 0})])
def test_the_same_key_with_other_work_is_refused(platform: Platform, path: str, body: dict[str, object]) -> None:
    key = uuid4().hex
    task = platform.submit("/api/eco/", {"texto": "olá"}, **{"Idempotency-Key": key})
    answer = platform.client.post(path, json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:plantao:problema:idempotency-key-reused"
    platform.finished(task)


def test_the_key_may_stand_in_the_body(platform: Platform) -> None:
    body = {"texto": "olá", "idempotency_key": uuid4().hex}
    first = platform.submit("/api/eco/", body)
    assert platform.submit("/api/eco/", body) == first
    assert platform.client.post("/api/eco/", json=body | {"texto": "outra"}).status_code == 422
    platform.finished(first)


@pytest.mark.parametrize("key", ["", "com espaço", "x" * 256])
def test_an_unusable_key_is_refused(platform: Platform, key: str) -> None:
    answer = platform.client.post("/api/eco/", json={"texto": "olá"}, headers={b"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_burst_of_one_request_is_one_task(platform: Platform) -> None:
    key, together = uuid4().hex, threading.Barrier(20)

    def post(_: int) -> httpx.Response:
        with httpx.Client(base_url=platform.client.base_url, timeout=40) as client:
            together.wait(60)
            return client.post("/api/eco/", json={"texto": "olá"}, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    tasks = {answer.json()["task_id"] for answer in answers if answer.status_code == 202}
    assert len(tasks) == 1
    in_flight = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert in_flight <= {"urn:plantao:problema:conflict"}
    task = tasks.pop()
    platform.finished(task)
    assert kinds(platform.client, task).count("claimed") == 1


# --- timeline -------------------------------------------------------------------------------------------------


def test_the_timeline_is_live_and_resumable(platform: Platform, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    task = gate.submit(platform)
    lines = []
    for line in follow(platform.client, task):
        lines.append(line)
        if line.kind == "alert":
            gate.open()  # the stream has told us of the alert before the work ended
    # API and worker write side by side: a line may be seen before one with a lower id, but each once.
    by_id = sorted(lines, key=lambda line: line.id)
    assert len({line.id for line in lines}) == len(lines)
    seen = [line.kind for line in by_id]
    assert (seen[:3], seen[-1]) == (["accepted", "published", "claimed"], "completed")
    assert "findings" in seen
    middle = by_id[len(by_id) // 2]
    assert list(follow(platform.client, task, after=middle.id)) == [line for line in by_id if line.id > middle.id]


# --- cancel and replay ----------------------------------------------------------------------------------------


def test_a_running_task_can_be_cancelled(platform: Platform, tmp_path: Path) -> None:
    task = Gate(tmp_path).hold(platform)
    answer = platform.client.post(f"/api/tasks/{task}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    view = platform.finished(task)
    assert (view["status"], view["result"]) == ("cancelled", None)
    assert {"cancel_requested", "cancelled"} <= set(kinds(platform.client, task))


def test_a_waiting_task_is_cancelled_at_once(platform: Platform, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    holders = [gate.submit(platform) for _ in range(8)]  # every slot of the consumer
    for holder in holders:
        reached(platform, holder, "running")
    task = platform.submit("/api/eco/", {"texto": "nunca"})
    answer = platform.client.post(f"/api/tasks/{task}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    gate.open()
    for holder in holders:
        assert platform.finished(holder)["status"] == "completed"
    # Behind it in the same queue: once this one has ended, the cancelled one's message has been met.
    platform.finished(platform.submit("/api/eco/", {"texto": "depois"}))
    assert platform.view(task)["status"] == "cancelled"
    assert "claimed" not in kinds(platform.client, task)


def test_a_finished_task_cannot_be_cancelled(platform: Platform) -> None:
    task = platform.submit("/api/eco/", {"texto": "olá"})
    platform.finished(task)
    answer = platform.client.post(f"/api/tasks/{task}/cancel")
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert platform.view(task)["status"] == "completed"


def test_a_replay_keeps_the_earlier_result(platform: Platform) -> None:
    task = platform.submit("/api/eco/", {"texto": "olá"})
    first = platform.finished(task)
    answer = platform.client.post(f"/api/tasks/{task}/replay")
    assert (answer.status_code, answer.json()["task_id"]) == (202, task)
    second = eventually(lambda: (view := platform.finished(task))["run"] == 2 and view, "the second run ends")
    assert (second["status"], second["result"]) == ("completed", first["result"])
    results = platform.client.get(f"/api/tasks/{task}/results").json()
    assert [row["run"] for row in results] == [2, 1]
    assert results[1]["result"] == first["result"]
    assert kinds(platform.client, task).count("completed") == 2


def test_an_unfinished_task_cannot_be_replayed(platform: Platform, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    task = gate.hold(platform)
    assert platform.client.post(f"/api/tasks/{task}/replay").status_code == 409
    gate.open()
    assert platform.finished(task)["run"] == 1
