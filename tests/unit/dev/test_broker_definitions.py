"""The broker's definitions: one domain folder is enough, and nobody may do more than they need."""

import base64
import re
import sys
from pathlib import Path

import pytest

from dev.definitions import RIGHTS, BrokerUser, definitions, domain_vhosts, hashed

USERS = [BrokerUser(role, f"plantao-{role}", f"secret-{role}") for role in RIGHTS]

DOMAIN_PY = """
from pydantic import BaseModel
from shared.domain import Domain, Event

class Pedido(BaseModel):
    nome: str

DOMAIN = Domain("{key}", "{vhost}", "Teste", (Event("pedido", "", Pedido, "Pedido", {{"nome": "x"}}),))
"""


def add_domain(package: Path, key: str, vhost: str) -> None:
    folder = package / key
    folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "handler.py").touch()
    (folder / "domain.py").write_text(DOMAIN_PY.format(key=key, vhost=vhost))


def test_password_hash_is_the_documented_one():
    # The worked example of RabbitMQ's password guide.
    documented = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert hashed("test12", bytes.fromhex("908DC60A")) == documented


def test_password_hash_is_salted():
    assert hashed("same") != hashed("same")
    assert len(base64.b64decode(hashed("same"))) == 4 + 32


def test_no_password_is_written():
    written = str(definitions(["a"], USERS))
    assert not [user.password for user in USERS if user.password in written]


def test_every_vhost_gets_durable_quorum_queues_and_every_user():
    made = definitions(["a", "b"], USERS)
    assert {(q["vhost"], q["name"]) for q in made["queues"]} == {
        (vhost, name) for vhost in ("a", "b") for name in ("eventos", "eventos.rejeitados")
    }
    assert all(q["durable"] and q["arguments"] == {"x-queue-type": "quorum"} for q in made["queues"])
    assert {(p["vhost"], p["user"]) for p in made["permissions"]} == {(v, u.name) for v in "ab" for u in USERS}


def test_results_have_a_queue_where_their_domain_publishes_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOMAIN_PACKAGES", '["handlers"]')
    monkeypatch.setenv("DOMAIN__EXAMES__RESULTS", "true")
    made = definitions(["fluxo_exams", "fluxo_opme"], USERS)["queues"]
    assert [queue["vhost"] for queue in made if queue["name"] == "eventos.resultados"] == ["fluxo_exams"]


@pytest.mark.parametrize(
    ("role", "right", "resource", "allowed"),
    [
        ("api", "write", "amq.default", True),
        ("api", "write", "amq.topic", False),
        ("api", "read", "eventos", False),
        ("api", "configure", "eventos", False),
        ("worker", "read", "eventos", True),
        ("worker", "read", "eventos.rejeitados", True),
        ("worker", "read", "eventosx", False),
        ("worker", "configure", "eventos", False),
        ("worker", "configure", "eventos.rejeitados", True),
        ("worker", "write", "amq.fanout", False),
    ],
)
def test_rights(role: str, right: str, resource: str, allowed: bool):
    rights = BrokerUser(role, "x", "y").rights
    assert bool(re.search(rights[right], resource)) is allowed


def test_a_new_domain_folder_is_a_new_vhost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "extra_domains"
    add_domain(package, "triagem", "fluxo_triagem")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DOMAIN_PACKAGES", '["extra_domains"]')
    assert domain_vhosts() == ["fluxo_triagem"]
    monkeypatch.setenv("DOMAIN__TRIAGEM__VHOST", "outro")
    assert domain_vhosts() == ["outro"]
    for name in [name for name in sys.modules if name.startswith("extra_domains")]:
        del sys.modules[name]
