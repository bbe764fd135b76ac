"""A private RabbitMQ for real: who may do what, what survives a crash, and that it keeps to itself."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker

from dev.console import DevError
from dev.credentials import Credentials
from dev.owned_process import OwnedProcess, started_at
from dev.rabbitmq_node import RabbitNode
from dev.shared_broker import BrokerAddress, can_open, prepare

VHOSTS = ["fluxo_um", "fluxo_dois"]
ACCESS_REFUSED = 403


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    private = RabbitNode(tmp_path_factory.mktemp("node"), VHOSTS)
    private.start()
    yield private
    private.kill()


@pytest.fixture
def channel(node: RabbitNode) -> Iterator[Callable[[str], BlockingChannel]]:
    """Opens a channel with confirms for a role, on the first vhost."""
    connections: list[pika.BlockingConnection] = []

    def open_channel(role: str, vhost: str = VHOSTS[0]) -> BlockingChannel:
        connections.append(pika.BlockingConnection(pika.URLParameters(node.url(role, vhost))))
        opened = connections[-1].channel()
        opened.confirm_delivery()
        return opened

    yield open_channel
    for connection in connections:
        if connection.is_open:
            connection.close()


def publish(channel: BlockingChannel, body: bytes, queue: str = "eventos") -> None:
    durable = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)
    channel.basic_publish("", queue, body, durable, mandatory=True)


def take(channel: BlockingChannel, queue: str = "eventos") -> bytes | None:
    method, _, body = channel.basic_get(queue)
    if method is None:
        return None
    channel.basic_ack(method.delivery_tag)
    return body


Opener = Callable[..., BlockingChannel]


def test_the_api_publishes_and_the_worker_reads(channel: Opener):
    publish(channel("api"), b"hint")
    assert take(channel("worker")) == b"hint"


def test_the_worker_keeps_what_it_rejects(channel: Opener):
    worker = channel("worker")
    publish(worker, b"odd", "eventos.rejeitados")
    assert take(worker, "eventos.rejeitados") == b"odd"


@pytest.mark.parametrize(
    ("role", "attempt"),
    [
        ("api", lambda ch: ch.basic_get("eventos")),
        ("api", lambda ch: ch.basic_consume("eventos", lambda *_: None)),
        ("api", lambda ch: ch.queue_purge("eventos")),
        ("api", lambda ch: ch.queue_declare("mine")),
        ("api", lambda ch: ch.basic_publish("amq.topic", "x", b"")),
        ("worker", lambda ch: ch.queue_delete("eventos")),
        ("worker", lambda ch: ch.queue_declare("mine")),
        ("worker", lambda ch: ch.basic_publish("amq.topic", "x", b"")),
        ("worker", lambda ch: ch.basic_get("other")),
    ],
)
def test_more_is_refused(channel: Opener, role: str, attempt: Callable[[BlockingChannel], object]):
    with pytest.raises(ChannelClosedByBroker) as refused:
        attempt(channel(role))
    assert refused.value.reply_code == ACCESS_REFUSED


def test_no_default_user_is_left(node: RabbitNode):
    with pytest.raises(AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@127.0.0.1:{node.ports['amqp']}/{VHOSTS[0]}"))


def test_queues_are_quorum_in_every_vhost(node: RabbitNode):
    for vhost in VHOSTS:
        listed = node.ctl("list_queues", "-p", vhost, "--no-table-headers", "name", "type", "durable")
        assert sorted(listed.split("\n")[:2]) == ["eventos\tquorum\ttrue", "eventos.rejeitados\tquorum\ttrue"]


def test_ctl_says_what_went_wrong(node: RabbitNode):
    with pytest.raises(DevError, match="nowhere"):
        node.ctl("delete_vhost", "nowhere")


def test_kill_9_loses_no_confirmed_message(node: RabbitNode, channel: Opener):
    api = channel("api")
    for number in range(20):
        publish(api, str(number).encode())
    api.connection.close()
    url = node.url("worker", VHOSTS[0])
    node.kill()
    assert not node.is_running
    node.start()
    assert node.url("worker", VHOSTS[0]) == url
    worker = channel("worker")
    assert [take(worker) for _ in range(20)] == [str(number).encode() for number in range(20)]


def test_a_left_over_of_a_crashed_run_is_taken_over_and_others_live(
    node: RabbitNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Variables of somebody else's installation must not lead the node astray.
    monkeypatch.setenv("RABBITMQ_NODENAME", "rabbit@elsewhere")
    monkeypatch.setenv("RABBITMQ_MNESIA_BASE", str(tmp_path / "elsewhere"))
    crashed = RabbitNode(tmp_path / "second", ["fluxo_tres"])
    crashed.start()
    left_over = crashed._server.pid
    assert left_over
    again = RabbitNode(tmp_path / "second", ["fluxo_tres"])
    try:
        again.start()
        assert started_at(left_over) is None
        assert can_open(again.url("api", "fluxo_tres")) is None
    finally:
        again.kill()
        crashed.kill()
    assert can_open(node.url("api", VHOSTS[0])) is None
    assert not (tmp_path / "elsewhere").exists()


def test_a_node_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    broken = RabbitNode(tmp_path, ["x"])
    monkeypatch.setattr("dev.rabbitmq_node.ERLANG_FLAGS", "+no_such_flag")
    with pytest.raises(DevError, match="start.log"):
        broken.start()
    assert not broken.is_running
    broken.kill()


def test_an_old_process_id_is_never_signalled(tmp_path: Path):
    early = RabbitNode(tmp_path, ["x"])
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        early._node_pid_file.write_text(str(bystander.pid))
        early.launch()
        early.stop()
        assert not early.is_running
        assert bystander.poll() is None
    finally:
        early.kill()
        bystander.kill()
        bystander.wait()


class TestSomebodyElsesBroker:
    """The same node, seen as one that others run."""

    @pytest.fixture
    def address(self, node: RabbitNode) -> BrokerAddress:
        return BrokerAddress.parse(node.url("admin"))

    def test_what_is_missing_is_made(self, node: RabbitNode, address: BrokerAddress, tmp_path: Path, channel: Opener):
        users = Credentials.load_or_make(tmp_path / "credentials.json").users("-test")
        prepare(address, node.management_url, ["fluxo_novo"], [users["api"], users["worker"]])
        api = pika.BlockingConnection(
            pika.URLParameters(address.url(users["api"].name, users["api"].password, "fluxo_novo"))
        )
        sender = api.channel()
        sender.confirm_delivery()
        publish(sender, b"hint")
        with pytest.raises(ChannelClosedByBroker):
            sender.basic_get("eventos")
        api.close()
        assert take(channel("admin", "fluxo_novo")) == b"hint"

    def test_a_queue_that_exists_is_left_as_it_is(
        self, node: RabbitNode, address: BrokerAddress, tmp_path: Path, channel: Opener
    ):
        node.ctl("add_vhost", "fluxo_alheio")
        node.ctl("set_permissions", "-p", "fluxo_alheio", address.user, ".*", ".*", ".*")
        theirs = channel("admin", "fluxo_alheio")
        theirs.queue_declare("eventos", durable=True, arguments={"x-max-length": 7})
        users = Credentials.load_or_make(tmp_path / "credentials.json").users("-test")
        prepare(address, node.management_url, ["fluxo_alheio"], [users["api"], users["worker"]])
        theirs.queue_declare("eventos", durable=True, arguments={"x-max-length": 7})

    def test_a_user_without_rights_is_told_so(self, node: RabbitNode, tmp_path: Path):
        weak = BrokerAddress.parse(node.url("worker"))
        users = Credentials.load_or_make(tmp_path / "credentials.json").users("-test")
        with pytest.raises(DevError) as refused:
            prepare(weak, node.management_url, VHOSTS, [users["api"]])
        assert weak.password not in str(refused.value)


def test_epmd_is_ours_alone(node: RabbitNode):
    assert isinstance(node._epmd, OwnedProcess)
    assert node._epmd.is_running
    assert node.ports["epmd"] != 4369
