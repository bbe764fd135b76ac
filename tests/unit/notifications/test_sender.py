"""One signed POST over real HTTP: what the receiver sees, and every way in which it can go wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from dev.ports import free_ports
from shared.notifications.contacts import Endpoint
from shared.notifications.egress import Allowance, Egress
from shared.notifications.outbox import Destination
from shared.notifications.sender import MAX_BODY_BYTES, Answer, Delivery, Sender
from tests.receiver import SECRET, Receiver, receiving

BODY = json.dumps({"type": "t", "data": {"nome": "ação"}}, ensure_ascii=False).encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
async def sender(receiver: Receiver) -> AsyncIterator[Sender]:
    silent = free_ports(1)[0]
    urls = {
        "bom": f"http://127.0.0.1:{receiver.port}/bom?x=1",
        "nome": f"http://localhost:{receiver.port}/nome",
        "ausente": f"http://127.0.0.1:{silent}/",
        "metadados": "http://169.254.169.254/latest/meta-data",
        "outra_porta": f"http://127.0.0.1:{silent + 1}/",
        "tls": f"https://127.0.0.1:{receiver.port}/tls",
    }
    allowed = [
        Allowance(host=host, ports=[receiver.port, silent], schemes=["http", "https"])
        for host in ("127.0.0.1", "localhost")
    ]

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "localhost" else [host]

    made = Sender(
        {name: Endpoint(url=url, secret=SecretStr(SECRET)) for name, url in urls.items()},
        Egress(allowed, [], resolve),
        timeout_s=60.0,
    )
    yield made
    await made.close()


async def sent(sender: Sender, endpoint: str, body: bytes = BODY) -> Answer:
    return await sender.send(Delivery("n-1", endpoint, body))


async def test_the_public_library_verifies_what_was_signed(sender: Sender, receiver: Receiver) -> None:
    answer = await sent(sender, "bom")
    assert (answer.status, answer.error, answer.final) == (204, None, False)
    (one,) = receiver.requests
    assert (one.path, one.headers["host"], one.id) == ("/bom?x=1", f"127.0.0.1:{receiver.port}", "n-1")
    assert Webhook(SECRET).verify(one.body, one.headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(one.body + b" ", one.headers)
    late = one.headers | {"webhook-timestamp": str(int(one.headers["webhook-timestamp"]) - 301)}
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(one.body, late)


async def test_the_name_stays_in_the_request_while_the_address_is_pinned(sender: Sender, receiver: Receiver) -> None:
    assert (await sent(sender, "nome")).status == 204
    assert receiver.requests[0].headers["host"] == f"localhost:{receiver.port}"


async def test_the_environments_proxy_is_not_asked(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await sent(sender, "bom")).status == 204


@pytest.mark.parametrize(
    ("status", "error", "gone"),
    [(200, None, False), (299, None, False), (302, "http_302", False), (404, "http_404", False),
     (410, "http_410", True), (500, "http_500", False)],
)  # fmt: skip
async def test_only_2xx_is_success(
    sender: Sender, receiver: Receiver, status: int, error: str | None, gone: bool
) -> None:
    receiver.answers["/bom?x=1"] = status
    answer = await sent(sender, "bom")
    said = Destination("bom", f"http://127.0.0.1:{receiver.port}/bom?x=1") if gone else None
    assert (answer.status, answer.error, answer.final, answer.gone) == (status, error, gone, said)
    assert [one.path for one in receiver.requests] == ["/bom?x=1"], "a redirect is not followed"


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ("ausente", "ConnectError"),
        ("metadados", "egress_refused"),
        ("outra_porta", "egress_refused"),
        ("desconhecido", "unknown_endpoint"),
        ("tls", "ConnectError"),
    ],
)
async def test_every_failure_is_an_answer(sender: Sender, receiver: Receiver, endpoint: str, error: str) -> None:
    answer = await sent(sender, endpoint)
    assert (answer.status, answer.error) == (None, error)
    assert receiver.requests == []


async def test_a_receiver_that_hangs_is_given_up(receiver: Receiver) -> None:
    receiver.open.clear()
    endpoint = Endpoint(url=f"http://127.0.0.1:{receiver.port}/lento", secret=SecretStr(SECRET))
    allowed = [Allowance(host="127.0.0.1", ports=[receiver.port], schemes=["http"])]
    made = Sender({"lento": endpoint}, Egress(allowed, []), timeout_s=0.2)
    assert (await sent(made, "lento")).error == "timeout"
    await made.close()


async def test_a_record_instead_of_a_link_is_refused(sender: Sender, receiver: Receiver) -> None:
    assert (await sent(sender, "bom", b"x" * (MAX_BODY_BYTES + 1))).error == "body_too_large"
    assert receiver.requests == []
