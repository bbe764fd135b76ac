"""A hospital's folder of tables, read and checked whole: `<domain>/<table>.json`, and the CSV files they name.

Nothing is put in force unless everything is right, and the message lists every mistake, each with file and field.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from shared.clinical.tables import AnyTable, Linha, Tabela

_NOTES = (".md", ".txt")
_MISTAKES_SHOWN = 20


class ArquivoCsv(Linha):
    """Where the rows of a large table are: a published CSV beside the JSON, used as it came.

    `colunas` says which column of the file holds which field of a row.
    """

    nome: Annotated[str, StringConstraints(pattern=r"^[^/\\]+\.(?i:csv)$")]
    separador: Literal[";", ",", "\t", "|"] = ";"
    codificacao: Literal["utf-8", "latin-1"] = "utf-8"
    colunas: Annotated[dict[str, str], Field(min_length=1)]

    def rows(self, folder: Path) -> list[dict[str, str | None]]:
        """The file's rows by our field names; an empty cell is None. Raises OSError, UnicodeError, ValueError."""
        encoding = "utf-8-sig" if self.codificacao == "utf-8" else self.codificacao
        with (folder / self.nome).open(encoding=encoding, newline="") as file:
            reader = csv.DictReader(file, delimiter=self.separador)
            absent = sorted(set(self.colunas.values()) - set(reader.fieldnames or ()))
            if absent:
                raise ValueError(f"{self.nome} has no column {', '.join(absent)}: mend arquivo.colunas or separador")
            return [
                {field: (row[column] or "").strip() or None for field, column in self.colunas.items()} for row in reader
            ]


class InvalidTables(ValueError):
    """A hospital's folder cannot be used; the message lists each mistake on a line of its own."""

    def __init__(self, folder: Path, problems: list[str]) -> None:
        lines = "\n".join(f"- {problem}" for problem in problems)
        super().__init__(
            f"HOSPITAL_TABLES_DIR={folder}: {len(problems)} mistake(s), nothing was put in force\n{lines}\n"
            "Mend the files and check them with: python -m handlers.check_tables DIR"
        )
        self.problems = problems


def read_folder(folder: Path, tables: Iterable[AnyTable]) -> dict[AnyTable, Tabela]:
    """Every table that the hospital supplies, validated and sealed. Raises `InvalidTables`."""
    known = {table.key: table for table in tables}
    if not folder.is_dir():
        raise InvalidTables(folder, ["no such folder: make it, or leave HOSPITAL_TABLES_DIR empty"])
    problems: list[str] = []
    found: dict[AnyTable, Tabela] = {}
    attached: set[Path] = set()
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not _is_note(file.relative_to(folder))]
    for file in (file for file in files if file.suffix == ".json"):
        key = file.relative_to(folder).with_suffix("").as_posix()
        try:
            found[known[key]] = _read(file, known[key], attached)
        except KeyError:
            problems.append(f"{key}.json: no such table{_nearest(key, known)}")
        except ValidationError as error:
            problems += [f"{key}.json: {line}" for line in _mistakes(error)]
        except (OSError, ValueError) as error:
            problems.append(f"{key}.json: {error}")
    for file in (file for file in files if file.suffix != ".json" and file not in attached):
        name = file.relative_to(folder).as_posix()
        problems.append(f"{name}: no table names this file: remove it, or name it in the field arquivo of its table")
    if problems:
        raise InvalidTables(folder, problems)
    return found


def _read(file: Path, table: AnyTable, attached: set[Path]) -> Tabela:
    if not table.configurable:
        raise ValueError("a published instrument, the same everywhere: remove the file")
    raw = file.read_bytes()
    try:
        content = json.loads(raw)
    except ValueError as error:
        raise ValueError(f"not JSON in UTF-8 ({type(error).__name__}): correct the file") from None
    digest = hashlib.sha256(raw)
    if isinstance(content, dict) and isinstance(content.get("arquivo"), dict):
        if "linhas" in content:
            raise ValueError("linhas and arquivo: give the rows in one place only")
        source = ArquivoCsv.model_validate(content["arquivo"])
        attached.add(file.parent / source.nome)
        content["linhas"] = source.rows(file.parent)
        digest.update((file.parent / source.nome).read_bytes())
    made, left_out = _validated(table, content)
    _refuse_borrowed_version(made, table.shipped())
    sealed: Tabela = made.sealed(digest.hexdigest()[:8], left_out)
    return sealed


def _validated(table: AnyTable, content: Any) -> tuple[Tabela, int]:
    """The table, and how many rows of its CSV were left out.

    Publishers' files hold a few odd rows, and no hospital can mend those: up to one in a hundred is left out. More of
    them mean a wrong column. Rows that the hospital wrote itself, in the JSON, must all be right.
    """
    try:
        return table.model.model_validate(content), 0
    except ValidationError as error:
        rows = content["linhas"] if isinstance(content, dict) and "arquivo" in content else []
        places = [detail["loc"] for detail in error.errors()]
        odd = {place[1] for place in places if place[:1] == ("linhas",) and len(place) > 1}
        if not odd or len(odd) * 100 > len(rows) or any(place[:1] != ("linhas",) for place in places):
            raise
        kept = [row for place, row in enumerate(rows) if place not in odd]
        return table.model.model_validate(content | {"linhas": kept}), len(odd)


def _mistakes(error: ValidationError) -> list[str]:
    details = error.errors()
    lines = [f"{_place(detail['loc'])}: {detail['msg']}" for detail in details[:_MISTAKES_SHOWN]]
    more = len(details) - len(lines)
    return [*lines, f"and {more} more mistakes of this table"] if more else lines


def _refuse_borrowed_version(made: Tabela, shipped: Tabela | None) -> None:
    if shipped is not None and made.versao == shipped.versao and made.model_dump() != shipped.model_dump():
        raise ValueError("versao: this is the shipped version, with other content: give the table a version of its own")


def _is_note(place: Path) -> bool:
    return place.suffix in _NOTES or any(part.startswith(".") for part in place.parts)


def _nearest(key: str, known: dict[str, Any]) -> str:
    near = get_close_matches(key, known, n=1)
    return f": did you mean {near[0]}.json?" if near else f"; known: {', '.join(sorted(known))}"


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "the whole table"
