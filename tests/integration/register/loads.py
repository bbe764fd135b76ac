"""Loading small files into a real store, and looking at what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.engine import RowMapping

from handlers.ingestao.carga import Carga, Lugares
from handlers.ingestao.requests import Ingestao
from shared import clock
from shared.database import Database
from shared.errors import TaskCancelled
from shared.files import uploads
from shared.files.store import FileStore
from shared.files.uploads import Upload
from shared.findings import Avaliacao
from shared.privacy.blind_index import BlindIndexes
from shared.register.schema import (
    ingestion_rejects,
    ingestion_rows,
    ingestion_tasks,
    ingestions,
    link_candidates,
    merges,
    patients,
    physicians,
    register_history,
    register_identifiers,
)
from shared.tasks import acceptance
from shared.tasks.acceptance import NewTask

TENANT = "default"
BLIND_KEY = "uma chave de teste com trinta e dois caracteres"
BLIND = BlindIndexes(BLIND_KEY)
HEADER = "nome;nome_mae;cpf;cns;prontuario;data_nascimento;sexo;convenio"
ROSA = "Rosa Ivonete Carrilho;Ivonete Prado Carrilho;83368671634;133288134140018;10;1974-09-30;F;SUS"
AMADEU = "Amadeu Tostes Junqueira;Clara Tostes;80002822083;;11;1961-12-25;M;"


_TABLES = (
    patients,
    physicians,
    register_identifiers,
    register_history,
    ingestion_rows,
    ingestion_rejects,
    link_candidates,
    merges,
    ingestion_tasks,
)


class LoadRun:
    """A `Run` that remembers its progress and may be told to stop at a checkpoint."""

    def __init__(self, task_id: str, stop_after: int | None = None) -> None:
        self.task_id = task_id
        self.attempt = 1
        self.tenant = "default"
        self.client = "tests"
        self.reported: list[tuple[int, int, str]] = []
        self._left = stop_after

    def progress(self, done: int, total: int, agent: str) -> None:
        self.reported.append((done, total, agent))

    def step(self, kind: str, **data: str | int | float | bool) -> None:
        """Not looked at."""

    def check(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise TaskCancelled("cancelada a pedido")

    def remaining(self) -> float:
        return 60.0

    def on_interrupt(self, callback: Any) -> None:
        """Not looked at."""


def csv_of(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


class Loads:
    """One store and one folder of files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.files = FileStore(folder)

    def task(self) -> str:
        """A task's row: the register asks it for the tenant."""
        moment = clock.now()
        item = NewTask(
            str(uuid4()), TENANT, "tests", "ingestao", "pacientes", "{}", moment, moment + timedelta(hours=1)
        )
        with self.database.write() as connection:
            acceptance.accept(connection, [item])
        return item.id

    def upload(self, content: bytes) -> str:
        with self.files.draft() as draft:
            draft.write(content)
            digest, size, key = draft.sha256, draft.size, draft.keep()
        name = str(uuid4())
        made = Upload(name, TENANT, "tests", "a.csv", "", "text/csv", size, digest, key, clock.now())
        with self.database.write() as connection:
            uploads.add(connection, made)
        return name

    def delete(self, upload: str) -> None:
        """As DELETE /api/uploads does; a second time changes nothing."""
        with self.database.write() as connection:
            key = uploads.remove(connection, TENANT, upload)
        if key is not None:
            self.files.delete(key)

    def load(
        self,
        arquivo: str | bytes,
        event: str = "pacientes",
        formato: str = "csv",
        run: LoadRun | None = None,
        **more: Any,
    ) -> Avaliacao:
        """Bytes go through an upload, text inline."""
        content = self.upload(arquivo) if isinstance(arquivo, bytes) else arquivo
        body = {"formato": formato, "origem": "recepção", "arquivo": content} | more
        carga = Carga(event, lambda: Lugares(self.database, self.files, BLIND))
        return carga(Ingestao.model_validate(body), run or LoadRun(self.task()))

    def outcomes(self) -> list[tuple[int, str, str]]:
        """(line, disposition, codes) of every row of every file, in order."""
        return [(row["line"], row["disposition"], row["codes"] or "") for row in self.all(ingestion_rows)]

    def forget(self) -> None:
        """An empty register again."""
        with self.database.write() as connection:
            for table in (*_TABLES, ingestions):
                connection.execute(delete(table))

    def all(self, table: Any) -> Sequence[RowMapping]:
        order = list(table.primary_key.columns)
        with self.database.read() as connection:
            return connection.execute(select(table).order_by(*order)).mappings().all()

    def people(self) -> list[dict[str, Any]]:
        """Patients without what differs from run to run."""
        return _without(self.all(patients), "id", "merged_into")

    def state(self) -> dict[str, Any]:
        """Everything that a load leaves behind, with people named by the order of their coming."""
        names = {row["id"]: place for place, row in enumerate([*self.all(patients), *self.all(physicians)])}

        def told(table: Any, *but: str) -> list[dict[str, Any]]:
            rows = _without(self.all(table), *but)
            return sorted(({k: _named(v, names) for k, v in row.items()} for row in rows), key=repr)

        return {
            "patients": told(patients),
            "identifiers": told(register_identifiers),
            "history": told(register_history, "at", "cause"),
            "rows": told(ingestion_rows, "ingestion"),
            "rejects": told(ingestion_rejects, "ingestion"),
            "questions": told(link_candidates, "id", "key", "ingestion", "created_at"),
        }


def counted(evaluation: Avaliacao) -> dict[str, int]:
    """Dispositions that occurred; asserts the law Σ = rows read."""
    names = ("inseridas", "atualizadas", "duplicadas", "ambiguas", "rejeitadas")
    found = Counter({name: evaluation.calculos[f"linhas_{name}"] for name in names})
    assert found.total() == evaluation.calculos["linhas_lidas"]
    return {name: count for name, count in found.items() if count}


def _without(rows: Sequence[RowMapping], *names: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


def _named(value: Any, names: dict[str, int]) -> Any:
    return names.get(value, value) if isinstance(value, str) else value
