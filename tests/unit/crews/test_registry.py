"""A folder is a domain; a half-made folder fails at boot and says which file to add."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handlers.registry import IncompleteDomain, load_domains, load_handlers

DOMAIN = """
from pydantic import BaseModel
from shared.domain import Domain, Event
class Request(BaseModel): ...
DOMAIN = Domain("{key}", "{vhost}", "t", (Event("um", "/", Request, "s", {{}}),))
"""
HANDLER = "HANDLERS = {'um': object()}\n"

Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Make:
    """Writes a package of domains, each `folder=(key, vhost, {extra files})`; returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    package = "pkg_" + "".join(c for c in request.node.name if c.isalnum())

    def write(**domains: tuple[str, str, dict[str, str]]) -> str:
        for folder, (key, vhost, files) in domains.items():
            path = tmp_path / package / folder
            path.mkdir(parents=True)
            for name, text in {"domain.py": DOMAIN.format(key=key, vhost=vhost), **files}.items():
                (path / name).write_text(text)
        return package

    return write


def test_finds_domains_and_their_handlers(make: Make) -> None:
    package = make(alfa=("alfa", "v1", {"handler.py": HANDLER}), beta=("beta", "v2", {"handler.py": HANDLER}))
    domains = load_domains([package])
    assert list(domains) == ["alfa", "beta"]
    assert list(load_handlers(domains["beta"], [package])) == ["um"]


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        ({"alfa": ("alfa", "v", {})}, "add .*alfa/handler.py"),
        ({"alfa": ("alfa", "v", {"handler.py": HANDLER, "crew.py": ""})}, "add .*alfa/agents.yaml"),
        ({"alfa": ("alfa", "v", {"handler.py": HANDLER, "crew.py": "", "agents.yaml": ""})}, "add .*tasks.yaml"),
        ({"alfa": ("gama", "v", {"handler.py": HANDLER})}, "key gama"),
        (
            {"alfa": ("alfa", "v", {"handler.py": HANDLER}), "beta": ("beta", "v", {"handler.py": HANDLER})},
            "beta.*uses the vhost of alfa",
        ),
    ],
)
def test_an_incomplete_folder_says_what_to_mend(make: Make, domains: dict[str, Any], said: str) -> None:
    package = make(**domains)
    with pytest.raises(IncompleteDomain, match=said):
        load_domains([package])


def test_two_packages_may_not_share_a_key(make: Make) -> None:
    package = make(alfa=("alfa", "v", {"handler.py": HANDLER}))
    with pytest.raises(IncompleteDomain, match="two domains have the key alfa"):
        load_domains([package, package])


@pytest.mark.parametrize("handlers", ["HANDLERS = {}\n", "HANDLERS = {'um': 1, 'dois': 2}\n"])
def test_handlers_must_match_the_events(make: Make, handlers: str) -> None:
    package = make(alfa=("alfa", "v", {"handler.py": handlers}))
    domain = load_domains([package])["alfa"]
    with pytest.raises(IncompleteDomain, match="alfa/handler.py"):
        load_handlers(domain, [package])


def test_the_api_side_never_imports_crewai() -> None:
    code = (
        "import sys; from handlers.registry import load_domains; print(sorted(load_domains(['handlers'])));"
        "assert not {'crewai', 'langchain_core', 'yaml'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "opme" in done.stdout


def test_waiting_for_an_event_that_does_not_exist_fails_at_boot(make: Make) -> None:
    waiting = DOMAIN.format(key="alfa", vhost="v").replace("{})", '{}, after=("dois",))')
    package = make(alfa=("alfa", "v", {"handler.py": HANDLER, "domain.py": waiting}))
    with pytest.raises(IncompleteDomain, match="alfa/domain.py.*dois"):
        load_domains([package])
