"""A deployment → its client. A provider's package is imported when its first client is made."""

from __future__ import annotations

import importlib
from typing import cast

from shared.llm.catalogue import Deployment
from shared.llm.offline import OfflineClient
from shared.llm.ports import ModelClient
from shared.llm.residency import refuse_foreign

# Each module has `open_client(deployment, *, inside) -> ModelClient`.
_MODULES = {
    "openai": "shared.llm.wire.openai",
    "openai_compatible": "shared.llm.wire.openai",
    "anthropic": "shared.llm.wire.anthropic",
    "gemini": "shared.llm.wire.gemini",
    "mistral": "shared.llm.wire.mistral",
    "ollama": "shared.llm.wire.ollama",
}


def create_client(deployment: Deployment, *, transfer_allowed: bool, inside: bool | None = None) -> ModelClient:
    """The client of one deployment, for one event loop. One that is `inside` connects to nobody outside.

    Imports the provider's package and, unless `inside` says it, resolves the host's name: keep it off the loop. Raises
    `TransferRefused` for a model outside the house unless the transfer was configured, `ModelUnavailable` when the
    name does not resolve and `ModelRefused` when the address is none.
    """
    if deployment.provider == "offline":
        return OfflineClient()
    if inside is None or not transfer_allowed:
        inside = refuse_foreign(deployment, transfer_allowed=transfer_allowed)
    module = importlib.import_module(_MODULES[deployment.provider])
    return cast(ModelClient, module.open_client(deployment, inside=inside))


def preload(*deployments: Deployment) -> None:
    """Import their providers' packages without making any client: takes seconds, for a process about to fork."""
    for deployment in deployments:
        if deployment.provider in _MODULES:
            importlib.import_module(_MODULES[deployment.provider])
