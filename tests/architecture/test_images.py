"""What the Dockerfiles copy and install is what their programs import, as far as can be said without docker."""

from __future__ import annotations

import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, module_file, reached_from
from tests.architecture.test_requirements import pins

SIDES = ("api", "worker")
ENTRIES = {
    "api": ("api.main", "workers.mllp", "dev.definitions", "handlers.check_tables", "shared.llm.check"),
    "worker": (
        "workers.pika_worker",
        "workers.dramatiq_worker",
        "deploy.worker_health",
        "handlers.check_tables",
        "shared.llm.check",
    ),
}


def copied_patterns(side: str) -> list[str]:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / f"Dockerfile.{side}").read_text(), re.MULTILINE)
    return " ".join(copies).split()


def copied_files(side: str) -> set[Path]:
    """The project's files in an image."""
    found = {path for pattern in copied_patterns(side) for path in ROOT.glob(pattern)}
    return found | {file for folder in found for file in folder.rglob("*.py")}


def distributions(modules: set[str]) -> set[str]:
    """Installed packages that provide these modules; nothing for those of the standard library."""
    providers = packages_distributions()
    return {name.lower().replace("_", "-") for module in modules for name in providers.get(module, [])}


@pytest.mark.parametrize("side", SIDES)
def test_what_an_image_copies_passes_the_dockerignore(side: str):
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for pattern in copied_patterns(side):
        assert pattern.split("/")[0] in allowed and list(ROOT.glob(pattern))


@pytest.mark.parametrize(("side", "entry"), [(side, entry) for side in SIDES for entry in ENTRIES[side]])
def test_an_image_holds_what_its_programs_import(side: str, entry: str):
    files, foreign = reached_from(entry)
    assert module_file(entry) in files and foreign
    assert files - copied_files(side) == set()
    assert distributions(foreign) - pins(ROOT / f"requirements.{side}.txt").keys() == set()
