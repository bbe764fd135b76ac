"""A file into the register: once, in pieces, again, and by two at a time. On both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from handlers.ingestao import carga
from shared import clock
from shared.errors import LeaseLost, RulesFailed, StoreUnavailable, TaskCancelled, TransientFailure
from shared.register import ingestions, loading
from shared.register.schema import ingestion_rejects, ingestion_rows, patients
from shared.register.schema import ingestions as table
from tests.integration.register.loads import AMADEU, ROSA, LoadRun, Loads, counted, csv_of

BAD = [
    "Ana;;123.456.789-00;;;1990-01-31;F;",
    "Ana;;;;;1990-01-31;F;",
    "=cmd();;83368671634;;;1974-09-30;F;",
    "Ana;;83368671634;;1974-09-30;F;",
    'Ana "x;;83368671634;;;1974-09-30;F;',
]
MANY = [
    ROSA,
    *BAD,
    AMADEU,
    ROSA,
    ROSA.replace("SUS", "Particular"),
    ROSA.replace("1974-09-30", "1974-10-30"),
    "Rosa Ivonete Carrilo;;;;99;1974-09-30;F;",
    "Rosa Ivonete Carrilo;;;158081376290004;99;1974-09-30;F;",
]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carga, "CHUNK_ROWS", 2)


def test_every_row_has_one_disposition_and_rejects_come_back_as_they_were(loads: Loads) -> None:
    evaluation = loads.load(csv_of(*MANY).encode("latin-1"))
    assert counted(evaluation) == {"inseridas": 3, "atualizadas": 2, "duplicadas": 1, "ambiguas": 1, "rejeitadas": 5}
    content = csv_of(*MANY).encode("latin-1")
    for row in loads.all(ingestion_rejects):
        found = next(one for one in loads.all(ingestion_rows) if one["line"] == row["line"])
        assert content[found["first_byte"] :].startswith(row["raw"])
        assert row["raw"].decode("latin-1").rstrip("\n") == MANY[row["line"] - 2]


def test_the_outcome_does_not_depend_on_the_size_of_chunks(loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    states = []
    for size in (1, 2, 3, 5, 100):
        monkeypatch.setattr(carga, "CHUNK_ROWS", size)
        loads.load(csv_of(*MANY))
        states.append(loads.state())
        loads.forget()
    assert states[1:] == states[:-1]
    assert len(states[0]["rows"]) == len(MANY)


@pytest.mark.usefixtures("small_chunks")
def test_the_same_file_again_changes_nothing_and_answers_with_the_first_figures(loads: Loads) -> None:
    first = loads.load(csv_of(*MANY))
    before = loads.state()
    again = loads.load(csv_of(*MANY))
    assert loads.state() == before
    assert (first.calculos["ja_carregado"], again.calculos["ja_carregado"]) == (False, True)
    assert counted(again) == counted(first)


def test_the_same_bytes_read_in_another_way_are_another_load(loads: Loads) -> None:
    text = csv_of("Ana Lima;;52998224725;;;03/04/1980;F;")
    assert counted(loads.load(text)) == {"rejeitadas": 1}
    assert counted(loads.load(text, formato_data="dd/mm/aaaa")) == {"inseridas": 1}


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("stop_after", range(6))
def test_a_cancelled_load_keeps_what_it_applied_and_a_replay_goes_on(loads: Loads, stop_after: int) -> None:
    task = loads.task()
    with pytest.raises(TaskCancelled):
        loads.load(csv_of(*MANY), run=LoadRun(task, stop_after))
    assert len(loads.all(ingestion_rows)) == 2 * stop_after
    evaluation = loads.load(csv_of(*MANY), run=LoadRun(task))
    assert counted(evaluation) == {"inseridas": 3, "atualizadas": 2, "duplicadas": 1, "ambiguas": 1, "rejeitadas": 5}
    assert [row["line"] for row in loads.all(ingestion_rows)] == list(range(2, 14))
    assert evaluation.calculos["ja_carregado"] is False


@pytest.mark.usefixtures("small_chunks")
def test_a_store_that_goes_away_is_a_failure_to_try_again(loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    task, real = loads.task(), loading.apply

    def apply_once_more(*arguments: Any) -> Any:
        if loads.all(ingestion_rows):
            raise StoreUnavailable("banco de dados indisponível")
        return real(*arguments)

    with monkeypatch.context() as broken, pytest.raises(TransientFailure, match="continua de onde parou"):
        broken.setattr(loading, "apply", apply_once_more)
        loads.load(csv_of(*MANY), run=LoadRun(task))
    counted(loads.load(csv_of(*MANY), run=LoadRun(task)))
    assert [row["line"] for row in loads.all(ingestion_rows)] == list(range(2, 14))


@pytest.mark.usefixtures("small_chunks")
def test_who_lost_the_file_writes_no_more(loads: Loads) -> None:
    task = loads.task()
    taken = threading.Event()

    class Overtaken(LoadRun):
        def check(self) -> None:
            # Between two chunks the same task is opened again, as after a lease that ran out.
            if not taken.is_set() and loads.all(ingestion_rows):
                taken.set()
                loads.load(csv_of(*MANY), run=LoadRun(task))

    with pytest.raises(LeaseLost):
        loads.load(csv_of(*MANY), run=Overtaken(task))
    assert [row["line"] for row in loads.all(ingestion_rows)] == list(range(2, 14))
    assert len(loads.all(patients)) == 3


@pytest.mark.usefixtures("small_chunks")
def test_two_tasks_with_one_file_at_once_apply_it_once(loads: Loads) -> None:
    with ThreadPoolExecutor(2) as both:
        results = list(both.map(loads.load, [csv_of(*MANY)] * 2))
    assert counted(results[0]) == counted(results[1])
    assert [row["line"] for row in loads.all(ingestion_rows)] == list(range(2, 14))


def test_two_files_at_once_may_bring_the_same_people(loads: Loads) -> None:
    people = [f"Ana {n} Lima;;;;{n};1990-01-31;F;" for n in range(60)]
    texts = [csv_of(*people), csv_of(*reversed(people))]
    with ThreadPoolExecutor(2) as both:
        results = list(both.map(loads.load, texts))
    assert len(loads.all(patients)) == 60
    assert sum(counted(result).get("inseridas", 0) for result in results) == 60


def test_a_file_whose_reader_vanished_is_taken_over_by_another_task(loads: Loads) -> None:
    key = ingestions.FileKey("default", "pacientes", "0" * 64, "1")
    with loads.database.write() as connection:
        first = ingestions.open_file(connection, key, "a" * 36)
        assert first.ready
        assert not ingestions.open_file(connection, key, "b" * 36).ready
        long_ago = clock.now() - timedelta(minutes=5)
        connection.execute(update(table).values(touched_at=long_ago))
        assert ingestions.open_file(connection, key, "b" * 36).ready
        with pytest.raises(LeaseLost):
            ingestions.hold(connection, first)


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_deleted_while_it_is_read_is_read_to_its_end(loads: Loads) -> None:
    upload = loads.upload(csv_of(*MANY).encode())

    class Deleting(LoadRun):
        def check(self) -> None:
            if loads.all(ingestion_rows):
                loads.delete(upload)

    evaluation = loads.load(upload, run=Deleting(loads.task()))
    assert counted(evaluation)["inseridas"] == 3
    assert len(loads.all(ingestion_rows)) == len(MANY)


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_deleted_between_two_attempts_fails_by_name_and_the_same_bytes_go_on(loads: Loads) -> None:
    task, upload = loads.task(), loads.upload(csv_of(*MANY).encode())
    with pytest.raises(TaskCancelled):
        loads.load(upload, run=LoadRun(task, stop_after=2))
    loads.delete(upload)
    with pytest.raises(RulesFailed, match="upload_desconhecido"):
        loads.load(upload, run=LoadRun(task))
    assert len(loads.all(ingestion_rows)) == 4
    counted(loads.load(csv_of(*MANY).encode()))
    assert [row["line"] for row in loads.all(ingestion_rows)] == list(range(2, 14))


def test_progress_is_told_in_bytes_and_ends_at_the_size(loads: Loads) -> None:
    run = LoadRun(loads.task())
    text = csv_of(*MANY)
    loads.load(text, run=run)
    assert run.reported[-1] == (len(text.encode()), len(text.encode()), "carga")


@pytest.mark.parametrize(
    ("arquivo", "more", "code"),
    [
        (b"PK\x03\x04rest", {}, "arquivo_compactado"),
        (b"\xff\xfea\x00", {}, "codificacao_utf16"),
        (b"   ", {}, "arquivo_vazio"),
        (b"a;b\n1;2\n", {"arquivo_sha256": "0" * 64}, "sha256_divergente"),
        (b"{}", {"formato": "fhir_bundle"}, "bundle_ausente"),
        (b"nome\n", {"formato": "hl7v2"}, "hl7_ausente"),
        ("0b0e7a3c-6a7e-4b43-9a53-0f3a54c9b8f1", {}, "upload_desconhecido"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_its_code(
    loads: Loads, arquivo: bytes | str, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(RulesFailed, match=code):
        loads.load(arquivo, **more)
    assert loads.all(ingestion_rows) == []
