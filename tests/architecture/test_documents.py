"""What the documents say exists: commands, files, settings, log events, metrics, versions of rules."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
from handlers.registry import load_domains
from shared.errors import PlantaoError
from shared.settings import Settings
from shared.tasks.states import TaskStatus
from tests.architecture.sources import ROOT, SHIPPED, place, python_files
from workers.engines.contract import Engine

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
MACHINE_PATH = re.compile(r"(?<![\w.:~])/(?:work|opt|root|home|Users|mnt|tmp/)\b")
SUFFIX_OF_FILES = (".py", ".yml", ".yaml", ".json", ".toml", ".md", ".in", ".txt")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
DOCUMENTED = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
# Not settings: shouted words of SQL, HTTP, AMQP and shells.
OTHER_CAPITALS = re.compile(r"^(?:DOMAIN__\w*|ALTER ROLE.*)$")


def commands(page: Path) -> str:
    """The shell blocks of a page, and its inline code."""
    text = page.read_text()
    blocks = "\n".join(body for kind, body in FENCE.findall(text) if kind == "bash")
    return blocks + "\n" + "\n".join(CODE.findall(FENCE.sub("", text)))


def code_of(*folders: str) -> str:
    return "\n".join(file.read_text() for file in python_files(*folders))


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_links_lead_somewhere(page: Path):
    assert [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_make_targets_and_modules_exist(page: Path):
    text = commands(page)
    assert set(re.findall(r"\bmake ([a-z]+)\b", text)) - TARGETS == set()
    modules = set(re.findall(r"\bpython3? -m ([a-z_][\w.]*)", text)) - {"json.tool"}
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_no_page_knows_the_machine_it_was_written_on(page: Path):
    assert MACHINE_PATH.findall(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_files_that_are_named_exist(page: Path):
    named = {word.split(":")[0] for word in CODE.findall(FENCE.sub("", page.read_text()))}
    paths = {
        word for word in named if re.fullmatch(r"[\w./-]+/[\w./-]*", word) and word.endswith((*SUFFIX_OF_FILES, "/"))
    }
    ours = {
        path
        for path in paths
        if path.split("/")[0] in {*SHIPPED, "dev", "tests", "docs", "bench", "evals", "deploy", "migrations"}
    }
    example = {path for path in ours if path.startswith("handlers/leitos/")}
    assert [path for path in sorted(ours - example) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_settings_that_are_named_exist(page: Path):
    words = {re.split(r"[=:{ ]", word)[0] for word in CODE.findall(FENCE.sub("", page.read_text()))}
    shouted = {word for word in words if re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", word)}
    in_code = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", code_of(*SHIPPED, "dev")))
    assert {word for word in shouted - DOCUMENTED - in_code if not OTHER_CAPITALS.match(word)} == set()


def test_the_first_screen_is_what_it_must_be():
    first = (ROOT / "README.md").read_text().splitlines()[:62]
    screen = "\n".join(first)
    for needed in (
        "make demo",
        "make up",
        "make test",
        "```mermaid",
        "curl -s http://127.0.0.1:8000/api/exames/hemograma/",
    ):
        assert needed in screen, needed


def test_the_readme_posts_a_valid_hemogram():
    body = re.search(r"<<'JSON' \|\n(.*?)\nJSON\n", (ROOT / "README.md").read_text(), re.DOTALL)
    assert body
    event = load_domains(["handlers"])["exames"].event("hemograma")
    assert event
    event.request.model_validate(json.loads(body[1]))


def test_the_readme_lists_the_hospital_domains_as_they_are():
    rows = re.findall(
        r"^\| `(\w+)` \| `/api/(\w+)` \| `(\w+)` \| (.+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert [row[0] for row in rows] == ["clinico", "exames", "opme", "ingestao"]
    domains = load_domains(["handlers"])
    for key, in_url, vhost, events in rows:
        assert (in_url, vhost) == (key, domains[key].vhost)
        assert events.split(", ") == [event.name for event in domains[key].events]


def test_decisions_are_numbered_and_of_readable_length():
    assert [file.name[:4] for file in DECISIONS] == [f"{number:04}" for number, _ in enumerate(DECISIONS, 1)]
    for file in DECISIONS:
        assert 30 <= len(file.read_text().splitlines()) <= 70, file.name
        assert "## Rejected" in file.read_text()


def test_the_glossary_knows_every_state_of_a_task():
    text = (ROOT / "docs" / "glossary.md").read_text()
    assert [status for status in TaskStatus if f"`{status.value}`" not in text] == []


def test_operations_names_what_the_program_says():
    text = (ROOT / "docs" / "operations.md").read_text()
    source = code_of("api", "workers", "shared")
    table = text.split("## Logs")[1].split("\n## ")[0]
    events = {word for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for word in CODE.findall(row)}
    assert events and {event for event in events if f'"{event}"' not in source} == set()
    warned = set(re.findall(r'_log\.(?:warning|error|exception)\(\s*"(\w+)"', source))
    assert warned and warned - events == set()
    metrics = set(re.findall(r'(?:Counter|Histogram|Gauge)\(\s*"(\w+)"', source))
    assert metrics and set(re.findall(r"\bplantao_\w+", text)) == metrics
    assert set(re.findall(r'MessageRejected\("(\w+)"', source)) == _reasons(text)


def test_every_alarm_says_what_it_means_what_to_look_at_and_what_to_do():
    text = (ROOT / "docs" / "operations.md").read_text().split("## At night")[1].split("\n## ")[0]
    first_signs = set(re.findall(r"^\| \[.+?\]\(#([\w-]+)\) \|", text, re.MULTILINE))
    sections = re.findall(r"^### ([^\n]+)\n(.*?)(?=^### |\Z)", text, re.M | re.S)
    alarms = {_anchor(title): body for title, body in sections}
    assert first_signs and first_signs <= alarms.keys()
    of_signs = {"a-certificate-or-a-key-is-wrong", "it-does-not-start"}  # a row per sign, in place of three lines
    for alarm in first_signs - of_signs:
        assert all(f"**{word}**" in alarms[alarm] for word in ("Patients", "Look", "Do")), alarm


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_operations_lists_every_code_of_an_error():
    text = (ROOT / "docs" / "operations.md").read_text()
    codes = set(re.findall(r'^    code = "(\w+)"', (ROOT / "shared" / "errors.py").read_text(), re.MULTILINE))
    # The bases of the tree are never raised by themselves.
    assert {
        code for code in codes - {"execution_failed", "transient_failure", "interrupted"} if f"`{code}`" not in text
    } == set()


def test_integration_lists_every_problem_with_its_status():
    text = (ROOT / "docs" / "integration.md").read_text().split("## When it is refused")[1]
    rows = re.findall(r"^\| (\d{3}) \| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", text, re.MULTILINE)
    listed = {(slug, int(status)) for status, slugs in rows for slug in CODE.findall(slugs)}
    # What no caller of the API meets: words between a worker and its broker.
    assert listed == {(error.slug, error.status) for error in _raised()} - {("broker", 500), ("message-rejected", 500)}


def test_clinical_names_every_version_in_use():
    text = (ROOT / "docs" / "clinical.md").read_text()
    tables = {json.loads(file.read_text())["versao"] for file in (ROOT / "handlers").glob("*/tables/*.json")}
    rules = set(re.findall(r'^VERS(?:AO|ION) = "([^"]+)"', code_of("handlers"), re.MULTILINE))
    assert {version for version in tables | rules if f"`{version}`" not in text} == set()


def test_the_contract_of_engines_is_as_described():
    described = (ROOT / "docs" / "decisions" / "0003-engines-behind-one-contract.md").read_text()
    methods = {name for name in vars(Engine) if not name.startswith("_") and callable(getattr(Engine, name))}
    assert {name for name in methods if f"`{name}`" not in described} == set()


def test_every_concern_of_the_settings_has_its_section():
    headings = re.findall(r"^# --- (\w+)", (ROOT / ".env.example").read_text(), re.MULTILINE)
    expected = [
        *("Platform", "Broker", "Domains", "API", "Workers", "Files", "Privacy"),
        *("Alerts", "MLLP", "Model", "Chat"),
    ]
    assert headings[: len(expected)] == expected
    assert len(Settings.model_fields) == len(expected)


def _raised(of: type[PlantaoError] = PlantaoError) -> Iterator[type[PlantaoError]]:
    """Every kind of error of ours, however deep in the tree and wherever it is defined."""
    for module in pkgutil.walk_packages(api.__path__, "api."):
        importlib.import_module(module.name)
    for kind in of.__subclasses__():
        if kind.__module__.startswith(("api.", "shared.")):
            yield kind
            yield from _raised(kind)


def _reasons(text: str) -> set[str]:
    table = text.split("**Rejected messages.**")[1].split("`body_base64`")[0]
    return {word for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for word in CODE.findall(row)} - {
        "reason"
    }
