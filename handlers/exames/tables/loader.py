"""How the versioned clinical tables of this domain are read: JSON in, typed and validated, or a clear refusal."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).resolve().parent


class Linha(BaseModel):
    """Base of every table row: immutable, and an unknown key is a typing mistake worth stopping for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Tabela = TypeVar("Tabela", bound=BaseModel)


def read_table(model: type[Tabela], path: Path) -> Tabela:
    """The table at `path`. Raises OSError if it cannot be read, pydantic's ValidationError if it is not valid."""
    return model.model_validate_json(path.read_text(encoding="utf-8"))
