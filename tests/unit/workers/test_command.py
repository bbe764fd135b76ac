"""The command line of the workers says what is wrong with its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.command import WRONG_USAGE, main


def test_an_unknown_domain_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert main("pika", ["--domains", "exame"]) == WRONG_USAGE
    assert "'exame'; known: clinico, " in capsys.readouterr().err


def test_a_catalogue_of_models_that_cannot_be_used_stops_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "models.toml"
    file.write_text('deployments.a = {provider = "ollama", model = "m"}\npolicies.padrao.deployments = ["a"]\n')
    monkeypatch.setenv("MODELS_FILE", str(file))
    with pytest.raises(SystemExit) as stopped:
        main("pika", ["--domains", "exames"])
    assert "deployments.a: base_url is required with provider ollama" in str(stopped.value)
