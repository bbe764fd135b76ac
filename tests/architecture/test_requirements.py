"""The pinned requirements agree with what was asked for, and with each other. No network is used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, imported_modules, python_files

SIDES = ("api", "worker", "dev")
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,]+\])?==([^\s;\\]+)", re.MULTILINE)
NAME = re.compile(r"^([A-Za-z0-9][\w.-]*)", re.MULTILINE)
NEVER_IN_THE_API = re.compile(r"crewai|dramatiq|chromadb|litellm")
# What a package is imported as, where that is not its name.
IMPORTED_AS = {"pyyaml": "yaml", "validate-docbr": "validate_docbr", "prometheus-client": "prometheus_client"}


def pins(file: Path) -> dict[str, str]:
    return {name.lower().replace("_", "-"): version for name, version in PIN.findall(file.read_text())}


def asked(side: str) -> str:
    """The .in file with the files it includes."""
    text = (ROOT / f"requirements.{side}.in").read_text()
    return re.sub(r"^-r (\S+)$", lambda match: (ROOT / match[1]).read_text(), text, flags=re.MULTILINE)


@pytest.mark.parametrize("side", SIDES)
def test_what_was_asked_for_is_pinned_as_asked(side: str):
    pinned = pins(ROOT / f"requirements.{side}.txt")
    wanted = {name.lower().replace("_", "-"): version for name, version in PIN.findall(asked(side))}
    assert wanted
    assert {name: pinned.get(name) for name in wanted} == wanted
    names = {name.lower() for name in NAME.findall(asked(side))}
    assert names - pinned.keys() == set()


@pytest.mark.parametrize("side", SIDES)
def test_every_line_is_one_exact_version_from_no_named_place(side: str):
    text = (ROOT / f"requirements.{side}.txt").read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert [line for line in lines if not PIN.match(line)] == []
    assert "://" not in text


def test_the_three_agree():
    api, worker, dev = (pins(ROOT / f"requirements.{side}.txt") for side in SIDES)
    everything = dev.items()
    assert {name: v for name, v in api.items() if (name, v) not in everything} == {}
    assert {name: v for name, v in worker.items() if (name, v) not in everything} == {}


def test_the_api_installs_no_agents():
    pinned = pins(ROOT / "requirements.api.txt")
    assert [name for name in pinned if NEVER_IN_THE_API.match(name)] == []
    assert "crewai" in pins(ROOT / "requirements.worker.txt")


@pytest.mark.parametrize(("side", "folders"), [("api", ("api",)), ("worker", ("workers", "handlers"))])
def test_a_side_asks_for_what_it_imports(side: str, folders: tuple[str, ...]):
    """What a side imports itself it pins itself, not by way of somebody else's dependencies."""
    known = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in pins(ROOT / "requirements.dev.txt")}
    imported = {name.partition(".")[0] for file in python_files(*folders) for name in imported_modules(file)}
    own = {IMPORTED_AS.get(name.lower(), name.lower().replace("-", "_")) for name in NAME.findall(asked(side))}
    # Starlette and anyio are FastAPI's own ground, crewai-core crewai's: their versions must follow, not lead.
    assert (imported & known) - own - {"starlette", "anyio", "crewai_core"} == set()


def test_python_versions_are_said_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11,<3.14"
    assert project["tool"]["mypy"]["python_version"] == "3.11"
    assert project["tool"]["ruff"]["target-version"] == "py311"
