"""The tables of every domain and of the shared terminology, and the hospital's own put in their place at start."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from handlers.registry import load_domains
from shared.clinical import terminology
from shared.clinical.table_files import read_folder
from shared.clinical.tables import AnyTable, Tabela


def known_tables(packages: Iterable[str]) -> list[AnyTable]:
    """Every table a hospital may ask about: `TABLES` of each domain's `tables` package, and the terminology."""
    found: list[AnyTable] = list(terminology.TABLES)
    names = list(packages)
    for key in load_domains(names):
        for package in names:
            module = f"{package}.{key}.tables"
            if importlib.util.find_spec(f"{package}.{key}") and importlib.util.find_spec(module):
                found += getattr(importlib.import_module(module), "TABLES", ())
    return found


def put_in_force(folder: Path | None, packages: Iterable[str]) -> None:
    """Use the hospital's tables in this process, or the shipped ones without a folder. Raises `InvalidTables`.

    A folder is read once per process: what it holds later takes effect at the next start.
    """
    names = tuple(packages)
    own = {} if folder is None else _read_once(folder.resolve(), names)
    for table in known_tables(names):
        table.replace(own.get(table))


@lru_cache(maxsize=1)
def _read_once(folder: Path, packages: tuple[str, ...]) -> dict[AnyTable, Tabela]:
    return read_folder(folder, known_tables(packages))
