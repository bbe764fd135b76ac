"""A deployment → its client. A provider's package is imported when its first client is made, or `preload`ed."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterable
from types import ModuleType
from typing import cast

import structlog

from shared.llm.catalogue import Deployment
from shared.llm.offline import OfflineClient
from shared.llm.ports import ModelClient
from shared.llm.residency import refuse_foreign

_log = structlog.get_logger(__name__)
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
    return cast(ModelClient, _module(deployment.provider).open_client(deployment, inside=inside))


def preload(*deployments: Deployment) -> None:
    """Import their providers' packages without making any client: takes seconds, for a process about to fork."""
    for deployment in deployments:
        if deployment.provider in _MODULES:
            _module(deployment.provider)


def preload_behind(deployments: Iterable[Deployment]) -> threading.Thread:
    """As `preload`, in a thread, so that no caller's first question waits for it; what fails is said to that caller."""

    def load() -> None:
        for deployment in deployments:
            try:
                preload(deployment)
            except Exception as error:  # noqa: BLE001 - the other providers' packages may be whole
                _log.error("model_package_unusable", provider=deployment.provider, exception=type(error).__name__)

    thread = threading.Thread(target=load, name="model-packages", daemon=True)
    thread.start()
    return thread


class _Importing:
    """One at a time: two threads in packages that need each other may get one of them half made."""

    def __init__(self) -> None:
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        """A child has none of its parent's threads: one that was importing would never let go."""
        self.lock = threading.RLock()


_importing = _Importing()


def _module(provider: str) -> ModuleType:
    with _importing.lock:
        return importlib.import_module(_MODULES[provider])
