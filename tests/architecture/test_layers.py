"""Who may import whom: import-linter's contracts, and what only shows when the program runs."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.sources import ROOT, imported_modules, place, python_files

MODEL_PACKAGES = {"crewai", "crewai_core", "langchain_core", "langchain_openai", "openai"}
LOADED_BY_THE_API = """
import json, sys
import api.main
from handlers.configured import configured_domains
from shared.settings import DomainSettings, load_settings

domains = configured_domains(DomainSettings(domain_packages=["handlers"]))
api.main.create_app(load_settings()).openapi()
print(json.dumps([sorted(domains), sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def domain_folders() -> list[str]:
    return [file.parent.name for file in sorted((ROOT / "handlers").glob("*/domain.py"))]


def test_the_contracts_of_import_linter_hold():
    command = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run([str(command), "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout[-3000:]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert f"Contracts: {len(contracts)} kept, 0 broken." in linted.stdout


def test_the_api_runs_without_crewai_and_every_model_package():
    child = subprocess.run([sys.executable, "-c", LOADED_BY_THE_API], cwd=ROOT, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-3000:]
    domains, loaded = json.loads(child.stdout)
    assert domains == domain_folders()
    assert MODEL_PACKAGES & set(loaded) == set()


def test_no_domain_imports_another():
    # The contract names today's domains; this covers the folder that somebody adds tomorrow.
    keys = set(domain_folders())
    for key in keys:
        for file in python_files(f"handlers/{key}"):
            used = {name.split(".")[1] for name in imported_modules(file) if name.startswith("handlers.")}
            assert used & keys <= {key}, f"{place(file)} imports another domain"


def test_only_the_two_places_touch_pika():
    files = python_files("api", "workers", "handlers", "shared")
    touching = {place(file.parent) for file in files if {"pika", "dramatiq"} & _packages(file)}
    assert touching == {"shared/messaging", "workers/engines"}


def _packages(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_modules(file)}
