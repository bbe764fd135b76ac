"""`.env.example` is the settings' documentation: all of them, their defaults, and nothing that does not exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dev.processes import ENGINE_VARIABLE
from shared.settings import DomainOverrides, Settings
from tests.architecture.sources import ROOT

FILE = ROOT / ".env.example"
ASSIGNMENT = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$")
CONCERNS: dict[str, Any] = {name: field.annotation for name, field in Settings.model_fields.items()}
SETTINGS = {field.upper() for concern in CONCERNS.values() for field in concern.model_fields}
OVERRIDES = {f"DOMAIN__EXAMES__{field.upper()}" for field in DomainOverrides.model_fields}


def assignments() -> list[tuple[int, str, str]]:
    found = ((number, ASSIGNMENT.match(line)) for number, line in enumerate(FILE.read_text().splitlines()))
    return [(number, match[1], match[2]) for number, match in found if match]


def used_by_compose() -> set[str]:
    files = [ROOT / "docker-compose.yml", *(ROOT / "deploy").glob("compose.*.yml")]
    return {name for file in files for name in re.findall(r"(?<!\$)\$\{([A-Z_]+)", file.read_text())}


def test_every_setting_and_nothing_else_is_documented():
    names = [name for _, name, _ in assignments()]
    assert len(names) == len(set(names))
    assert set(names) == SETTINGS | OVERRIDES | used_by_compose() | {ENGINE_VARIABLE}


def test_every_variable_has_its_line_of_explanation():
    lines = FILE.read_text().splitlines()
    for number, name, _ in assignments():
        if name not in OVERRIDES:
            before = lines[number - 1]
            assert before.startswith("# ") and not ASSIGNMENT.match(before) and len(before) > 14, name


@pytest.mark.parametrize("concern", CONCERNS)
def test_the_defaults_are_the_programs_own(concern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = CONCERNS[concern]
    own = {field.upper() for field in model.model_fields}
    for name in own:
        monkeypatch.delenv(name, raising=False)
    env = tmp_path / "env"
    env.write_text("".join(f"{name}={value}\n" for _, name, value in assignments() if name in own))
    documented = model(_env_file=env)
    assert documented == model(_env_file=None)
    written = {name for _, name, value in assignments() if value}
    assert {name.upper() for name in documented.model_fields_set} == own & written


def test_the_example_of_an_override_names_what_the_domain_declares(tmp_path: Path):
    env = tmp_path / "env"
    env.write_text("".join(f"{name}={value}\n" for _, name, value in assignments() if name in OVERRIDES))
    assert CONCERNS["domains"](_env_file=env).of("exames").model_fields_set == set(DomainOverrides.model_fields)


def test_no_secret_of_the_example_has_a_value():
    assert [name for _, name, value in assignments() if name.endswith(("_PASSWORD", "_API_KEY")) and value] == []
