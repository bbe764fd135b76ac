"""Every parameter that OpenAI documents has one fate, and the page for integrators tells the same."""

from __future__ import annotations

import re

import pytest
from openai.types.chat import completion_create_params

from api.openai.parameters import REFUSED
from api.openai.request import FORWARDED, ChatCompletionRequest
from shared.llm.parameters import HONOURED
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs" / "openai-api.md").read_text()
HERE = {"model", "messages", "tools", "stream", "stream_options", "user", "safety_identifier"}
PROVIDERS = ["openai", "openai_compatible", "anthropic", "gemini", "mistral", "ollama", "offline"]


def test_every_documented_parameter_is_known() -> None:
    """Against the newest official client that is installed: a new parameter fails here before it fails a caller."""
    documented = set(completion_create_params.CompletionCreateParamsBase.__annotations__) | {"stream"}
    assert documented == set(ChatCompletionRequest.model_fields)


def test_every_parameter_has_exactly_one_fate() -> None:
    assert sorted([*HERE, *FORWARDED, *REFUSED]) == sorted(ChatCompletionRequest.model_fields)


@pytest.mark.parametrize("name", FORWARDED)
def test_the_table_says_who_honours_a_forwarded_parameter(name: str) -> None:
    row = re.search(rf"^\| `{name}` \|(.*)\|$", PAGE, re.MULTILINE)
    assert row, f"docs/openai-api.md has no row for {name}"
    cells = [cell.strip() for cell in row[1].split("|")]
    assert cells == ["yes" if name in HONOURED[provider] else "400" for provider in PROVIDERS]


def test_the_table_names_every_provider() -> None:
    assert set(PROVIDERS) == HONOURED.keys()
    assert "| parameter | " + " | ".join(PROVIDERS) + " |" in PAGE


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_the_page_names_what_is_refused(name: str) -> None:
    assert f"`{name}`" in PAGE
