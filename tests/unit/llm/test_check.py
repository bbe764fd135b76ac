"""`python -m shared.llm.check`: what an operator reads before a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.llm.check import main
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running

_CATALOGUE = """
[deployments.boa]
provider = "openai_compatible"
model = "llmock"
base_url = "{good}"
prices = {{ input = 2, output = 8 }}
[deployments.ruim]
provider = "openai_compatible"
model = "llmock"
base_url = "{bad}"
[policies.padrao]
deployments = ["boa", "ruim"]
"""


def test_a_good_catalogue_is_told_and_nobody_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "models.toml"
    file.write_text(_CATALOGUE.format(good="http://127.0.0.1:9/v1", bad="http://127.0.0.1:9/v1"))
    assert main([str(file)]) == 0
    out = capsys.readouterr().out
    assert "policy padrao (default): boa -> ruim, 2 retries each" in out
    assert "✓ boa: may be asked" in out and "\033" not in out


def test_asking_names_the_one_that_does_not_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = MockProvider(), MockProvider(plan=FaultPlan("401"))
    file = tmp_path / "models.toml"
    with running(good) as here, running(bad) as there:
        file.write_text(_CATALOGUE.format(good=here, bad=there))
        assert main([str(file), "--ask"]) == 1
    out = capsys.readouterr().out
    assert "✓ boa: answers" in out and "micro-dollars" in out
    assert "✗ ruim: auth: o provedor do modelo recusou a credencial" in out
    assert (len(good.requests), len(bad.requests)) == (1, 1)


_OUTSIDE = """
deployments.fora = {provider = "anthropic", model = "claude", api_key_env = "CHAVE_FORA"}
policies.padrao.deployments = ["fora"]
"""


def test_a_model_outside_the_house_is_said_to_be_never_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSFERENCIA_INTERNACIONAL", "false")
    monkeypatch.setenv("CHAVE_FORA", "chave")
    file = tmp_path / "models.toml"
    file.write_text(_OUTSIDE)
    assert main([str(file), "--ask"]) == 1
    assert "✗ fora: outside the house, and TRANSFERENCIA_INTERNACIONAL is false" in capsys.readouterr().out


def test_a_mistake_is_said_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "models.toml"
    file.write_text(_CATALOGUE.format(good="http://127.0.0.1:9/v1", bad="http://127.0.0.1:9/v1") + "retires = 3\n")
    assert main([str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and "policies.padrao.retires: Extra inputs are not permitted" in captured.err


def test_a_window_that_the_longest_answer_fills_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAVE_FORA", "chave")
    file = tmp_path / "models.toml"
    file.write_text(_OUTSIDE.replace('"claude"', '"claude", context_tokens = 4096'))
    assert main([str(file)]) == 1
    assert "deployments.fora: max_output_tokens leaves no room" in capsys.readouterr().err


def test_a_provider_that_wants_a_key_and_has_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "models.toml"
    file.write_text(_OUTSIDE.replace(', api_key_env = "CHAVE_FORA"', ""))
    assert main([str(file)]) == 1
    assert "✗ fora: no key: name its variable in api_key_env" in capsys.readouterr().out


def test_a_model_without_a_price_is_said_to_be_charged_to_no_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "models.toml"
    file.write_text(_CATALOGUE.format(good="http://127.0.0.1:9/v1", bad="http://127.0.0.1:9/v1"))
    main([str(file)])
    boa, ruim = capsys.readouterr().out.splitlines()[:2]
    assert boa.endswith("2/8 US$ per million tokens in/out") and ruim.endswith("no price: charged to no budget")
