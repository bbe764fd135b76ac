"""A provider's package is loaded when its first client is made, and by nothing before that."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.errors import TransferRefused
from shared.llm.offline import NO_MODEL
from shared.llm.providers import create_client

_LISTED = """
import sys
{code}
heavy = {{"langchain_core", "langchain_openai", "openai", "anthropic", "google.genai", "ollama", "httpx2", "tenacity"}}
print(sorted(heavy & set(sys.modules)))
"""
_MAKE = (
    "from shared.llm.catalogue import Deployment\n"
    "from shared.llm.providers import create_client\n"
    "create_client(Deployment(provider='{provider}', model='m', base_url='http://127.0.0.1:1'), transfer_allowed=False)"
)
HOSTED = ("openai", "anthropic", "gemini", "mistral")


def loaded_by(code: str) -> str:
    run = [sys.executable, "-W", "ignore", "-c", _LISTED.format(code=code)]
    return subprocess.run(run, capture_output=True, text=True, check=True, timeout=600).stdout.strip()


@pytest.mark.parametrize("module", ["providers", "parameters", "failures", "residency", "offline", "offline_reply"])
def test_importing_the_gateways_parts_loads_no_provider(module: str) -> None:
    assert loaded_by(f"import shared.llm.{module}") == "[]"


def test_the_offline_model_needs_no_model_library() -> None:
    assert loaded_by(_MAKE.format(provider="offline")) == "[]"


def test_one_provider_does_not_load_the_others() -> None:
    listed = loaded_by(_MAKE.format(provider="mistral"))
    assert "langchain_core" in listed
    assert not any(name in listed for name in ("openai", "anthropic", "google.genai", "ollama"))


@pytest.mark.parametrize("provider", HOSTED)
def test_a_hosted_provider_without_an_address_of_ours_is_outside(provider: str) -> None:
    deployment = Deployment(provider=provider, model="m")  # type: ignore[arg-type]
    with pytest.raises(TransferRefused, match="LGPD"):
        create_client(deployment, transfer_allowed=False)


def test_an_address_outside_is_refused_whatever_the_provider() -> None:
    deployment = Deployment(provider="ollama", model="m", base_url="http://8.8.8.8:11434")
    with pytest.raises(TransferRefused):
        create_client(deployment, transfer_allowed=False)


def test_an_address_that_is_none() -> None:
    with pytest.raises(ModelRefused):
        create_client(Deployment(provider="openai", model="m", base_url="file:///etc/passwd"), transfer_allowed=False)
    with pytest.raises(ModelUnavailable):
        lost = Deployment(provider="openai", model="m", base_url="http://nao-existe.invalid/v1")
        create_client(lost, transfer_allowed=False)


async def test_offline_is_always_there() -> None:
    client = create_client(Deployment(provider="offline", model="m"), transfer_allowed=False)
    assert (await client.complete(ChatRequest([{"role": "user", "content": "oi"}]))).text == NO_MODEL
