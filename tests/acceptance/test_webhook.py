"""The webhook client on a running platform: in order, signed, once; receiver, worker or broker may be away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from dev.rabbitmq_node import RabbitNode
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running
from tests.platform import DEADLINE_S, Platform, eventually
from tests.receiver import OFTEN, SECRET, Received, Receiver, receiving

CONTACTS = """
[endpoints.atendimento]
url = "http://127.0.0.1:{port}/respostas"
secret = "{secret}"
[[egress]]
host = "127.0.0.1"
ports = [{port}]
schemes = ["http"]
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    """Of this module's own: one test kills it."""
    node = RabbitNode(tmp_path_factory.mktemp("webhook-rmq"), ["conversas"])
    node.start()
    yield node
    node.stop()


@pytest.fixture(scope="module")
def model() -> Iterator[MockProvider]:
    yield MockProvider()


@pytest.fixture(scope="module")
def shared_receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def receiver(shared_receiver: Receiver) -> Receiver:
    """In good health, with nothing received yet."""
    shared_receiver.requests.clear()
    shared_receiver.answers.clear()
    return shared_receiver


@pytest.fixture(scope="module")
def platform(
    broker: RabbitNode,
    module_postgres_url: str,
    model: MockProvider,
    shared_receiver: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("webhook")
    contacts = folder / "contacts.toml"
    contacts.write_text(CONTACTS.format(port=shared_receiver.port, secret=SECRET))
    with running(model) as url:
        made = Platform(
            broker,
            module_postgres_url,
            folder,
            "pika",
            DOMAIN_PACKAGES='["handlers"]',
            MODEL_PROVIDER="openai_compatible",
            MODEL_BASE_URL=url,
            MODEL_NAME="llmock",
            CONTACTS_FILE=str(contacts),
            DELIVERY_TIMEOUT_S="3.0",
            DELIVERY_RETRY_S=OFTEN,
        )
        try:
            made.start_api()
            made.start_workers("--domains", "conversas", wait_for=("conversas",))
            yield made
        finally:
            made.close()


@pytest.fixture
def mock(model: MockProvider) -> MockProvider:
    """The provider in good health, with nothing received yet."""
    model.plan = FaultPlan()
    model.requests.clear()
    model.received.clear()
    return model


def ask(platform: Platform, message: str, **fields: str) -> dict[str, Any]:
    answer = platform.client.post("/webhook", json={"message": message, "callback_id": "atendimento"} | fields)
    assert answer.status_code == 202, answer.text
    accepted: dict[str, Any] = answer.json()
    return accepted


def callbacks(receiver: Receiver, request: str) -> list[tuple[Received, dict[str, Any]]]:
    """What came about one request, each verified with the public library."""
    found = [(one, Webhook(SECRET).verify(one.body, one.headers)) for one in list(receiver.requests)]
    return [(one, body) for one, body in found if body["request_id"] == request]


def called_back(platform: Platform, receiver: Receiver, request: str) -> tuple[str, dict[str, Any]]:
    """(webhook id, body) of the first callback of a request."""
    what = f"the callback of {request}\n{platform.log('workers')}"
    (first, body), *_ = eventually(lambda: callbacks(receiver, request), what)
    return first.id, body


def log_of(platform: Platform, request: str) -> dict[str, Any]:
    view: dict[str, Any] = platform.client.get(f"/webhook/{request}").json()
    return view


def delivered(platform: Platform, request: str) -> dict[str, Any]:
    """The request's log once its callback has got through."""

    def probe() -> dict[str, Any] | None:
        view = log_of(platform, request)
        return view if [one["state"] for one in view["callbacks"]] == ["delivered"] else None

    return eventually(probe, f"{request} is delivered\n{platform.log('workers')}")


def said(platform: Platform, conversation: str) -> list[tuple[str, str]]:
    items = platform.client.get(f"/webhook/conversations/{conversation}").json()["items"]
    return [(one["role"], one["content"]) for one in items]


def test_two_questions_posted_together_are_answered_in_order(
    platform: Platform, receiver: Receiver, mock: MockProvider
) -> None:
    receiver.answers["/respostas"] = 503
    first = ask(platform, "Meu turno é o da noite.", system="Seja breve.")
    second = ask(platform, "Qual é o meu turno?", conversation_id=first["conversation_id"])
    eventually(lambda: len(callbacks(receiver, first["request_id"])) >= 2, "the receiver refuses twice")
    receiver.answers.clear()
    view = delivered(platform, first["request_id"])
    statuses = [one["status"] for one in view["deliveries"]]
    assert (statuses[:2], statuses[-1]) == ([503, 503], 204)
    assert len({one.id for one, _ in callbacks(receiver, first["request_id"])}) == 1
    answers = [called_back(platform, receiver, one["request_id"])[1] for one in (first, second)]
    assert [one["status"] for one in answers] == ["completed", "completed"]
    asked = [[(one["role"], one["content"]) for one in body["messages"]] for body in mock.requests]
    turn = [("user", "Meu turno é o da noite."), ("assistant", answers[0]["content"])]
    assert asked[0] == [("system", "Seja breve."), turn[0]]
    assert asked[1][1:] == [*turn, ("user", "Qual é o meu turno?")]
    eventually(lambda: len(said(platform, first["conversation_id"])) == 4, "both turns stand")
    assert said(platform, first["conversation_id"]) == [*asked[1][1:], ("assistant", answers[1]["content"])]


def test_a_worker_killed_in_mid_answer_costs_no_answer_and_doubles_none(
    platform: Platform, receiver: Receiver, mock: MockProvider
) -> None:
    mock.plan = FaultPlan("stall", calls=1)
    request = ask(platform, "Vai responder?")
    assert mock.received.wait(DEADLINE_S), platform.log("workers")
    platform.kill_consumer("conversas")
    webhook_id, body = called_back(platform, receiver, request["request_id"])
    assert (body["status"], body["conversation_id"]) == ("completed", request["conversation_id"])
    assert [role for role, _ in said(platform, request["conversation_id"])] == ["user", "assistant"]
    view = delivered(platform, request["request_id"])
    assert [one["webhook_id"] for one in view["callbacks"]] == [webhook_id]
    assert len(mock.requests) == 2
    platform.wait_ready("conversas")


def test_a_model_that_will_not_answer_ends_in_a_callback_that_says_so(
    platform: Platform, receiver: Receiver, mock: MockProvider
) -> None:
    mock.plan = FaultPlan("400")
    request = ask(platform, "segredo-da-pergunta")
    _, body = called_back(platform, receiver, request["request_id"])
    assert (body["status"], body["content"]) == ("failed", None)
    assert body["error"] == {"code": "model_refused"}
    assert "segredo-da-pergunta" not in str(body) + platform.full_log()
    assert said(platform, request["conversation_id"]) == []


def test_a_resend_comes_under_the_same_id(platform: Platform, receiver: Receiver, mock: MockProvider) -> None:
    request = ask(platform, "De novo?")["request_id"]
    delivered(platform, request)
    before = len(callbacks(receiver, request))
    answer = platform.client.post(f"/webhook/{request}/resend")
    assert answer.status_code == 202
    eventually(lambda: len(callbacks(receiver, request)) > before, "it comes again")
    assert {one.id for one, _ in callbacks(receiver, request)} == {answer.json()["webhook_id"]}


def test_what_is_asked_while_the_broker_is_away_is_answered_later(
    platform: Platform, broker: RabbitNode, receiver: Receiver, mock: MockProvider
) -> None:
    broker.kill()
    request = ask(platform, "Sem broker?")
    assert mock.requests == []
    broker.start()
    _, body = called_back(platform, receiver, request["request_id"])
    assert body["status"] == "completed"
