"""`python -m evals` on a good model and on bad ones: what it says and how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.__main__ import main
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running

CASE = "hemograma/plaquetas_criticas"


def judge(fault: Any, report: Path, calls: int = 0) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report for a mock provider that goes wrong as `fault` says."""
    with running(MockProvider(plan=FaultPlan(fault, calls=calls))) as url:
        model = ["--provider", "openai_compatible", "--model", "llmock", "--base-url", url]
        code = main([*model, "--cases", CASE, "--price", "1", "10", "--json", str(report)])
    return code, json.loads(report.read_text())


def test_the_offline_model_passes_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language in ("pt", "en"):
        report = tmp_path / f"{language}.json"
        assert main(["--provider", "offline", "--language", language, "--cases", CASE, "--json", str(report)]) == 0
        total = json.loads(report.read_text())["total"]
        assert total["opinion"]["kept"] == total["opinion"]["wanted"] > 1
    assert "The model passes." in capsys.readouterr().out


def test_an_honest_provider_passes_and_is_billed(tmp_path: Path) -> None:
    code, report = judge(None, tmp_path / "report.json")
    total = report["total"]
    assert (code, report["misses"], total["calls"]) == (0, [], 4)
    assert total["cost_microusd"] == total["prompt_tokens"] + 10 * total["completion_tokens"]
    assert report["answered_by"] == {"unico": 4}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("falsify", "draft: hallucinated numbers"),
        ("uncited", "draft: citations valid"),
        ("omit", "draft: findings preserved"),
        ("500", "degraded share of the runs"),
    ],
)
def test_a_bad_model_fails_and_the_report_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    monkeypatch.setenv("MODEL_MAX_RETRIES", "0")
    code, report = judge(fault, tmp_path / "report.json")
    assert code == 1
    assert any(miss.startswith(said) for miss in report["misses"])
    assert report["total"]["degraded"] == 1
    (why,) = report["total"]["failures"]
    out = capsys.readouterr().out
    assert said in out
    assert f"1 without an opinion: {why}" in " ".join(out.split())


def test_a_repaired_draft_still_counts_against_the_model(tmp_path: Path) -> None:
    """Wrong for the first draft only: the accepted opinion is clean, the raw quality is not."""
    code, report = judge("falsify", tmp_path / "report.json", calls=4)
    total = report["total"]
    assert (code, total["retries"], total["degraded"]) == (1, 1, 0)
    assert total["draft"]["numbers"] > 0
    assert total["opinion"]["numbers"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cases", "nothing like it"], "no case matches"),
        (["--language", "fr"], "invalid choice: 'fr'"),
        (["--provider", "openai_compatible"], "MODEL_BASE_URL is required"),
        (["--provider", "offline", "--model", "qwen3"], "add --provider openai_compatible"),
        (["--json", "/no/such/folder/report.json"], "cannot write /no/such/folder/report.json"),
        (["--thresholds", "/no/such/file.json"], "/no/such/file.json"),
        (["--repeat", "0"], "must be at least 1"),
        (["--policy", "nenhuma"], "neither a policy nor a deployment; there are: padrao, unico"),
    ],
)
def test_wrong_use_is_told_before_anything_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setenv("MODEL_API_KEY", "sk-secret")
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "sk-secret" not in captured.err
    assert captured.out == ""
