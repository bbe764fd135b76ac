"""A file of patients from upload to register through the running platform, its consumer killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import ingest_file
from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.hospital import assert_envelope
from tests.platform import Platform, eventually

ROWS = 12_000
WRONG = "9;Ana Teste;;123.456.789-00;;1990-01-31;F;SUS"


@pytest.fixture
def platform(rabbit: RabbitNode, module_postgres_url: str, tmp_path: Path) -> Iterator[Platform]:
    Vhost(rabbit, "ingestao_dados").empty()
    running = Platform(rabbit, module_postgres_url, tmp_path, "pika", FILES_DIR=str(tmp_path / "files"))
    try:
        running.start_api()
        running.start_workers("--domains", "ingestao", wait_for=("ingestao",))
        yield running
    finally:
        running.close()


def uploaded(platform: Platform) -> str:
    rows = [ingest_file.HEADER, *ingest_file.rows(ROWS)]
    rows.insert(500, WRONG)
    content = "\n".join(rows).encode()
    answer = platform.client.post("/api/uploads", files={"file": ("pacientes.csv", content, "text/csv")})
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["id"]
    return name


def begun(platform: Platform, task: str) -> dict[str, Any] | None:
    """Its view once rows have been loaded: in the middle, or behind it where this process was the slower one."""
    view = platform.view(task)
    return view if view["progress"]["done"] else None


def test_an_upload_is_loaded_once_though_its_worker_dies(platform: Platform) -> None:
    upload = uploaded(platform)
    body = {"formato": "csv", "origem": "recepção", "arquivo": upload}
    task = platform.submit("/api/ingestao/pacientes", body)
    seen = eventually(lambda: begun(platform, task), "the load reports its progress")
    assert 0 < seen["progress"]["done"] <= seen["progress"]["total"]
    platform.kill_consumer("ingestao")
    view = platform.finished(task)
    assert (view["status"], view["error"]) == ("completed", None)
    assert_envelope(view["result"])
    figures = view["result"]["calculos"]
    kinds = ("inseridas", "atualizadas", "duplicadas", "ambiguas", "rejeitadas")
    assert sum(figures[f"linhas_{kind}"] for kind in kinds) == figures["linhas_lidas"] == ROWS + 1

    rejects = platform.client.get(f"/api/ingestao/{task}/rejeitados.csv").text.splitlines()
    assert len(rejects) == 1 + figures["linhas_rejeitadas"]
    assert any("Ana Teste" in line and "cpf_invalido" in line for line in rejects)
    assert "Ana Teste" not in str(view)

    again = platform.finished(platform.submit("/api/ingestao/pacientes", body))
    assert again["result"]["calculos"] == figures | {"ja_carregado": True}
