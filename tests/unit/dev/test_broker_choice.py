"""Which broker is chosen."""

from pathlib import Path

import pytest

from dev import broker
from dev.console import DevError
from dev.credentials import Credentials
from dev.ports import free_ports
from dev.shared_broker import BrokerAddress


class FakeNode:
    """Stands for a private node: launched, with users and URLs."""

    def __init__(self, folder: Path, vhosts: list[str]) -> None:
        self.vhosts = vhosts
        self.users = Credentials.load_or_make(folder / "credentials.json").users()
        self.management_url = "http://127.0.0.1:1"
        self.launched = False

    def launch(self) -> None:
        self.launched = True

    def url(self, role: str) -> str:
        return f"amqp://{role}"

    def stop(self) -> None:
        self.launched = False


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """RabbitMQ is installed, RABBITMQ_URL is not set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    monkeypatch.setattr(broker, "RabbitNode", FakeNode)
    monkeypatch.setattr(broker, "install", lambda name, log: None)
    return tmp_path


def test_without_a_url_the_default_address_is_not_touched(private: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(broker, "prepare", lambda *_: pytest.fail("somebody's broker was touched"))
    chosen = broker.choose_broker(private, ["a"])
    assert (chosen.api_url, chosen.worker_url) == ("amqp://api", "amqp://worker")


def test_an_unreachable_url_is_said_and_a_private_node_used(
    private: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    port = free_ports(1)[0]
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://someone:hunter2@127.0.0.1:{port}")
    monkeypatch.setenv("RABBITMQ_MANAGEMENT_URL", f"http://127.0.0.1:{port}")
    chosen = broker.choose_broker(private, ["a"])
    said = capsys.readouterr().out
    assert chosen.api_url == "amqp://api"
    assert "RABBITMQ_URL is set, but" in said
    assert "hunter2" not in said


def test_docker_is_the_last_resort(private: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(name: str, log: Path) -> None:
        raise DevError("no apt-get")

    monkeypatch.setattr(broker, "install", refuse)
    monkeypatch.setattr(broker, "DockerRabbitNode", FakeNode)
    monkeypatch.setattr(broker, "docker_works", lambda: True)
    assert "docker" in broker.choose_broker(private, ["a"]).title
    monkeypatch.setattr(broker, "docker_works", lambda: False)
    with pytest.raises(DevError, match="Install rabbitmq-server or docker"):
        broker.choose_broker(private, ["a"])


def test_addresses_survive_odd_passwords():
    address = BrokerAddress.parse("amqps://us%40er:p%2Fw@broker.example")
    assert (address.user, address.password, address.port) == ("us@er", "p/w", 5671)
    assert address.url("a/b", "c:d", "v/h") == "amqps://a%2Fb:c%3Ad@broker.example:5671/v%2Fh"
    assert "p/w" not in str(address)


def test_credentials_are_private_and_kept(tmp_path: Path):
    path = tmp_path / "credentials.json"
    made = Credentials.load_or_make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Credentials.load_or_make(path) == made
    assert len({made.api, made.worker, made.admin, made.erlang_cookie}) == 4
