"""deploy/models.example.toml is read as it stands, and with every model outside the house switched on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from shared.llm.catalogue import Catalogue, CatalogueInvalid, Provider, load_catalogue
from shared.settings import ModelSettings

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "models.example.toml"


def loaded(text: str, tmp_path: Path) -> Catalogue:
    file = tmp_path / "models.toml"
    file.write_text(text)
    return load_catalogue(ModelSettings(models_file=file))


@pytest.fixture
def text(monkeypatch: pytest.MonkeyPatch) -> str:
    """The example, with every key that it names in the environment."""
    text = EXAMPLE.read_text()
    for name in re.findall(r'api_key_env = "(\w+)"', text):
        monkeypatch.setenv(name, "chave")
    return text


def test_as_it_stands_it_stays_in_the_house(text: str, tmp_path: Path) -> None:
    catalogue = loaded(text, tmp_path)
    assert {one.provider for one in catalogue.deployments.values()} == {"openai_compatible", "ollama", "offline"}
    assert catalogue.chosen(None) == catalogue.policies["padrao"]


def test_with_every_line_on_it_has_every_provider_and_a_price_for_each_outside(text: str, tmp_path: Path) -> None:
    catalogue = loaded(re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE), tmp_path)
    assert {one.provider for one in catalogue.deployments.values()} == set(get_args(Provider))
    outside = catalogue.policies["externa"].deployments[:-1]
    assert all(catalogue.deployments[name].prices.output for name in outside)
    assert not any(catalogue.deployments[name].free_text for name in outside)


def test_a_missing_key_is_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASA_MODEL_KEY")
    with pytest.raises(CatalogueInvalid, match=r"deployments.casa-grande: the environment variable CASA_MODEL_KEY"):
        loaded(text, tmp_path)


def test_a_key_that_workers_would_not_see_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalid, match="OPENAI_API_KEY is taken out"):
        loaded(text.replace("CASA_MODEL_KEY", "OPENAI_API_KEY"), tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('api_key = "sk-segredo"', r"deployments.a.api_key: a key stands in no file: put it into a variable"),
        ("idle_s = ", r"is not TOML in UTF-8: Invalid value \(at line 4, column 10\)"),
        ('[deployments."crew:x"]', r"deployments.crew:x.\[key\]: String should match pattern"),
    ],
)
def test_a_mistake_is_said_with_its_place_and_without_a_key(line: str, said: str, tmp_path: Path) -> None:
    text = f'[deployments.a]\nprovider = "offline"\nmodel = "m"\n{line}\n'
    with pytest.raises(CatalogueInvalid, match=said) as refused:
        loaded(text, tmp_path)
    assert "sk-segredo" not in str(refused.value)
