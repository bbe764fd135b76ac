"""`make up` prints commands that a person can read, and whose files are there."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import BaseModel

from dev import prerequisites
from dev.up import describe
from handlers.registry import load_domains
from shared.domain import Domain, Event
from shared.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[3]


class Pedido(BaseModel):
    nome: str


def said(domains: dict[str, Domain]) -> str:
    settings: Settings = load_settings()
    stack: Any = SimpleNamespace(
        settings=settings,
        domains=domains,
        broker=SimpleNamespace(management_url="http://127.0.0.1:15672", login=""),
        processes=SimpleNamespace(addresses=SimpleNamespace(mllp_host="127.0.0.1", mllp_port=2575), logs="logs"),
        mllp=("127.0.0.1", 2575),
        api_url="http://127.0.0.1:8000",
    )
    return describe(cast(Any, stack))


def test_the_commands_are_short_and_their_files_exist() -> None:
    text = said(load_domains(["handlers"]))
    files = re.findall(r"handlers/\S+", text)
    assert len(files) == 2
    assert all((ROOT / file).is_file() for file in files)
    assert "http://127.0.0.1:8000/v1 " in text
    assert "/api/chat/messages " in text
    assert max(map(len, text.splitlines())) < 200


def test_a_house_without_exams_gets_its_own_first_event() -> None:
    event = Event("ocupacao", "ocupacao/", Pedido, "Ocupação", {"nome": "x"})
    text = said({"leitos": Domain("leitos", "leitos", "Leitos", (event,))})
    assert "curl -s http://127.0.0.1:8000/api/leitos/ocupacao/ " in text
    assert "handlers/" not in text


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), ([], 2), (["mysql"], 2)])
def test_prerequisites_explains_itself(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        prerequisites.main(arguments)
    assert ended.value.code == code
    out, err = capsys.readouterr()
    assert "usage: python -m dev.prerequisites" in out + err
