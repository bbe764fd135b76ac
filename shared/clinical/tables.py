"""Versioned clinical tables: what ships with the code, and what a hospital puts in its place.

A table is data with a `versao`; every result names the version of each table it rested on. A hospital's own file
replaces the shipped one whole, at start and for the life of the process. Its version is cited together with the
first eight hexadecimal digits of the SHA-256 of its bytes (`hospital-x-3@1f0c9a2b`), so that two hospitals can never
say the same version of different numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, StringConstraints

Versao = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,59}$")]


class Linha(BaseModel):
    """Base of every table row: immutable, and an unknown key is a typing mistake worth stopping for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tabela(Linha):
    """Base of every table."""

    versao: Versao
    _seal: str = PrivateAttr("")
    _left_out: int = PrivateAttr(0)

    @property
    def versao_citada(self) -> str:
        """The version as results name it; that of a hospital's own table carries its seal."""
        return f"{self.versao}@{self._seal}" if self._seal else self.versao

    @property
    def left_out(self) -> int:
        """Rows of a published CSV that could not be understood; of their codes nothing is concluded."""
        return self._left_out

    def sealed(self, seal: str, left_out: int = 0) -> Any:
        """The same table, cited with `seal`: hexadecimal digits of its file's hash."""
        copy = self.model_copy()
        copy._seal, copy._left_out = seal, left_out
        return copy


Modelo = TypeVar("Modelo", bound=Tabela)


class OptionalTable(Generic[Modelo]):
    """A table that only a hospital can supply, because the code ships none; without it nothing is concluded."""

    configurable = True

    def __init__(self, domain: str, name: str, model: type[Modelo]) -> None:
        """`domain` and `name` are the folder and the file (`<domain>/<name>.json`) of a hospital's own table."""
        self.domain, self.name, self.model = domain, name, model
        self._own: Modelo | None = None

    @property
    def key(self) -> str:
        return f"{self.domain}/{self.name}"

    def current(self) -> Modelo | None:
        """The hospital's table, or None."""
        return self._own

    def shipped(self) -> Modelo | None:
        return None

    def replace(self, own: Any) -> None:
        """Put a hospital's table in force, or take it away again with None."""
        self._own = own


class ShippedTable(OptionalTable[Modelo]):
    """A table that ships with the code. With `published=True` it is an instrument whose numbers nobody may change."""

    def __init__(self, domain: str, name: str, model: type[Modelo], folder: Path, published: bool = False) -> None:
        """Reads `<folder>/<name>.json` at once: a broken file of ours stops the import, not a patient's task."""
        super().__init__(domain, name, model)
        self.configurable = not published
        self._shipped = model.model_validate_json((folder / f"{name}.json").read_bytes())

    def shipped(self) -> Modelo:
        return self._shipped

    def current(self) -> Modelo:
        """The table in force: the hospital's own, else the shipped one."""
        return self._shipped if self._own is None else self._own


AnyTable = OptionalTable[Any]
