"""Provider name → LangChain chat model. A provider's package is imported only when it is used."""

from __future__ import annotations

import importlib
from typing import cast

from langchain_core.language_models import BaseChatModel

from shared.errors import ModelRefused
from shared.settings import ModelSettings

_FACTORIES = {
    "offline": ("shared.llm.offline", "create"),
    "openai_compatible": ("shared.llm.openai_compatible", "create"),
}


def create_model(settings: ModelSettings) -> BaseChatModel:
    """The model that the settings name. Call it inside the loop that will use it.

    Raises `ModelRefused` for an unknown provider or a model the settings do not allow.
    """
    if settings.model_provider not in _FACTORIES:
        raise ModelRefused("provedor de modelo desconhecido")
    module, function = _FACTORIES[settings.model_provider]
    return cast(BaseChatModel, getattr(importlib.import_module(module), function)(settings))


def preload(settings: ModelSettings) -> None:
    """Import the provider's package ahead of time, without making any client: for a process about to fork."""
    importlib.import_module(_FACTORIES[settings.model_provider][0])
