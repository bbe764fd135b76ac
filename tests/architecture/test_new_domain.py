"""Adding a domain is adding a folder: the example of docs/add-a-domain.md, taken from the page and run."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from dev.ports import free_ports
from handlers.crew_handler import CrewHandler
from handlers.registry import IncompleteDomain, load_domains, load_handlers
from shared.findings import Resultado
from shared.settings import DomainSettings, ModelSettings, Settings, load_settings
from tests.architecture.sources import ROOT
from tests.unit.crews.support import RecordingRun, gateway_onto
from workers.attempt import DomainWork, perform

PAGE = (ROOT / "docs" / "add-a-domain.md").read_text()
BLOCK = re.compile(r"^`handlers/leitos/([\w.]+)`:.*?^```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
CURL = re.compile(r"curl -s http://127\.0\.0\.1:8000(\S+) .*?-d '([^']+)'", re.DOTALL)
PACKAGE = "dominios_de_exemplo"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page's folder in a package of its own."""
    folder = tmp_path / PACKAGE / "leitos"
    folder.mkdir(parents=True)
    for empty in (folder.parent / "__init__.py", folder / "__init__.py"):
        empty.touch()
    for name, text in BLOCK.findall(PAGE):
        (folder / name).write_text(text.replace("handlers.leitos", f"{PACKAGE}.leitos"))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def settings(package: str, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation that knows the new domain beside the others, with no broker to be reached."""
    monkeypatch.setenv("DOMAIN_PACKAGES", json.dumps(["handlers", package]))
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://ninguem:nada@127.0.0.1:{free_ports(1)[0]}")
    return load_settings()


def request_of_the_page() -> tuple[str, dict[str, Any]]:
    match = CURL.search(PAGE)
    assert match
    return match[1], json.loads(match[2])


def test_the_page_holds_a_whole_folder(package: str):
    assert {name for name, _ in BLOCK.findall(PAGE)} == {
        "domain.py",
        "rules.py",
        "agents.yaml",
        "tasks.yaml",
        "crew.py",
        "handler.py",
    }
    domains = load_domains(["handlers", package])
    assert domains.keys() == load_domains(["handlers"]).keys() | {"leitos"}
    assert load_handlers(domains["leitos"], ["handlers", package]).keys() == {"ocupacao"}


@pytest.mark.parametrize("name", ["handler.py", "agents.yaml", "tasks.yaml"])
def test_a_file_that_is_missing_is_named_at_boot(package: str, tmp_path: Path, name: str):
    (tmp_path / package / "leitos" / name).unlink()
    with pytest.raises(IncompleteDomain, match=re.escape(name)):
        load_domains([package])


def test_its_endpoint_accepts_and_answers(settings: Settings):
    path, body = request_of_the_page()
    with TestClient(create_app(settings)) as client:
        accepted = client.post(path, json=body)
        assert accepted.status_code == 202, accepted.text
        task = client.get(accepted.headers["Location"]).json()
        assert (task["domain"], task["event"], task["status"]) == ("leitos", "ocupacao", "pending")
        assert client.post(path, json=body | {"leitos": 0}).status_code == 422
        assert "/api/leitos/ocupacao/" in client.get("/openapi.json").json()["paths"]


def test_its_rules_and_its_crew_run(package: str):
    settings = DomainSettings(domain_packages=["handlers", package])
    work = DomainWork.load(settings, "leitos")
    _, body = request_of_the_page()
    request = work.request("ocupacao", json.dumps(body))
    kept = []
    with gateway_onto(ModelSettings()) as gateway:
        handler = cast(CrewHandler, work.handlers["ocupacao"]).using(gateway, "pt")
        result = Resultado.model_validate(perform(handler, request, RecordingRun(), kept.append))
    assert [found.codigo for found in kept[0].achados] == ["ocupacao_alta"]
    assert str(result.calculos["ocupacao_pct"]) == "95.0"
    assert result.parecer is not None and result.parecer.citacoes == ["A1"]
