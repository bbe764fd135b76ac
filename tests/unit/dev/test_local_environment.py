"""Bootstrap: which Python fits, what uv is told, and when nothing is to be done."""

import subprocess
import sys
from pathlib import Path

import pytest

from dev import bootstrap, environment
from dev.console import DevError, Step


@pytest.mark.parametrize(
    ("version", "expected"),
    [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 5), True), ((3, 14, 0), False), ((2, 7, 18), False)],
)
def test_which_python_fits(version: tuple[int, ...], expected: bool):
    assert bootstrap.fits(version) is expected


def test_a_shim_without_python_behind_it_is_no_python(tmp_path: Path):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert bootstrap.version_of(str(shim)) == ()
    assert bootstrap.version_of(sys.executable) == sys.version_info[:2]


def test_bootstrap_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as stopped:
        bootstrap.main()
    assert "3.8" in str(stopped.value)
    assert "Install one" in str(stopped.value)


def test_pip_index_reaches_uv():
    assert environment.uv_environment({"PIP_INDEX_URL": "mirror"})["UV_DEFAULT_INDEX"] == "mirror"


@pytest.mark.parametrize("own", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_uv_keeps_its_own_index(own: str):
    env = environment.uv_environment({"PIP_INDEX_URL": "mirror", own: "chosen"})
    assert env[own] == "chosen"
    assert "mirror" not in [value for name, value in env.items() if name.startswith("UV_")]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with an environment that was just made."""
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "STAMP", tmp_path / ".venv" / "stamp")
    monkeypatch.setattr(environment, "REQUIREMENTS", tmp_path / "requirements.txt")
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    environment.STAMP.write_text(environment.fingerprint())
    return tmp_path


def test_nothing_to_do_when_nothing_changed(checkout: Path):
    assert environment.up_to_date()


def test_changed_requirements_are_seen(checkout: Path):
    (checkout / "requirements.txt").write_text("one==2\n")
    assert not environment.up_to_date()


def test_deleted_environment_is_seen(checkout: Path):
    (checkout / ".venv" / "bin" / "python").unlink()
    assert not environment.up_to_date()


def test_without_any_way_to_uv_every_try_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    refuse = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(environment.subprocess, "run", lambda *_, **__: refuse)
    with pytest.raises(DevError) as failed:
        environment.find_uv(Step("uv", live=False))
    assert "no pip" in str(failed.value)
    assert "no venv" in str(failed.value)
    assert "no apt-get" in str(failed.value)
    assert "python3-venv" in str(failed.value)
