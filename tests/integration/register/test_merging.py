"""Answers to questions, merges, and their undoing. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from shared.errors import Conflict, NotFound
from shared.register import reviewing, undoing
from shared.register.blocks import Blocking
from shared.register.reviewing import Answer
from shared.register.schema import link_candidates, merges, patients, register_history, register_identifiers
from shared.register.turns import take_turn
from tests.integration.register.loads import AMADEU, BLIND, HEADER, ROSA, TENANT, Loads, counted, csv_of

WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
TWIN = "Rosa Ivonete Carrilo;;;158081376290004;99;1974-09-30;F;Particular"


def answer(loads: Loads, *, same: bool, place: int = 0) -> str | None:
    """Answer the open question at `place`."""
    with loads.database.write() as connection:
        asked = reviewing.page(connection, TENANT, "aberta", None, 50)[place]
        return reviewing.answer(connection, TENANT, Answer(asked["id"], same, "Dra. Vera Lima"), BLIND.of(TENANT))


def undo(loads: Loads, merge: str | None) -> None:
    assert merge is not None
    with loads.database.write() as connection:
        undoing.undo(connection, TENANT, merge, "Dra. Vera Lima", Blocking(BLIND.of(TENANT)))


def content(loads: Loads) -> list[dict[str, Any]]:
    """Every patient with everything but the number of its version, which only grows."""
    return [{k: v for k, v in row.items() if k != "version"} for row in loads.all(patients)]


def test_a_merge_from_the_queue_and_its_undoing(loads: Loads) -> None:
    loads.load(csv_of(ROSA, TWIN))
    before, identifiers = content(loads), loads.all(register_identifiers)
    merge = answer(loads, same=True)
    rosa, twin = content(loads)
    assert (rosa["merged_into"], twin["merged_into"]) == (None, rosa["id"])
    assert rosa["extra"] == {"convenio": "SUS"}
    undo(loads, merge)
    assert content(loads) == before
    assert loads.all(register_identifiers) == identifiers
    assert [row["state"] for row in loads.all(merges)] == ["desfeita"]
    with pytest.raises(Conflict, match="já foi desfeita"):
        undo(loads, merge)


def test_rows_about_a_merged_person_reach_the_survivor(loads: Loads) -> None:
    loads.load(csv_of(ROSA, TWIN))
    answer(loads, same=True)
    counted(loads.load(csv_of("Rosa Ivonete Carrilho;;;158081376290004;;1974-09-30;F;Novo")))
    assert loads.outcomes()[-1][1] == "atualizado"
    rosa, twin = loads.all(patients)
    assert (rosa["extra"], twin["extra"]) == ({"convenio": "Novo"}, {"convenio": "Particular"})
    assert loads.all(register_history)[-1]["person"] in {rosa["id"], twin["id"]}


def test_what_changed_since_the_merge_stays_when_it_is_undone(loads: Loads) -> None:
    loads.load(csv_of(ROSA.replace("Ivonete Prado Carrilho", ""), TWIN.replace(";;;", ";Ivonete Prado;;")))
    merge = answer(loads, same=True)
    assert loads.all(patients)[0]["mother_name"] == "Ivonete Prado"
    loads.load(csv_of(ROSA.replace("Ivonete Prado Carrilho", "").replace("SUS", "Novo")))
    undo(loads, merge)
    rosa, twin = loads.all(patients)
    assert (rosa["mother_name"], rosa["extra"]) == (None, {"convenio": "Novo"})
    assert (twin["mother_name"], twin["merged_into"]) == ("Ivonete Prado", None)


def test_merges_are_undone_newest_first(loads: Loads) -> None:
    loads.load(csv_of(ROSA, TWIN, "Rosa Ivonete Carilho;;;;97;1974-09-30;F;"))
    before = content(loads)
    first = answer(loads, same=True)
    second = answer(loads, same=True)
    undo(loads, second)
    undo(loads, first)
    assert content(loads) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_merges_are_undone_in_any_order(loads: Loads, order: tuple[int, int]) -> None:
    """Whom the older merge brought leaves nothing behind, and what the newer one brought stays until it is undone."""
    rosa = "Rosa Ivonete Carrilho;;83368671634;;10;1974-09-30;;;"
    twin = "Rosa Ivonete Carrilo;Ivonete Prado;;158081376290004;99;1974-09-30;F;Particular;"
    third = "Rosa Ivonete Carilho;Ivonete P Carrilho;;;97;1974-09-30;F;SUS;sim"
    loads.load(csv_of(rosa, twin, third, header=f"{HEADER};doador"))
    before = content(loads)
    done = [answer(loads, same=True) for _ in range(2)]
    assert content(loads)[0]["extra"] == {"convenio": "Particular", "doador": "sim"}
    undo(loads, done[order[0]])
    survivor = content(loads)[0]
    if order[0] == 0:
        assert (survivor["mother_name"], survivor["sex"]) == ("Ivonete P Carrilho", "F")
        assert survivor["extra"] == {"convenio": "SUS", "doador": "sim"}
    else:
        assert (survivor["mother_name"], survivor["extra"]) == ("Ivonete Prado", {"convenio": "Particular"})
    undo(loads, done[order[1]])
    assert content(loads) == before


def test_an_answer_and_an_undoing_wait_while_a_file_writes(loads: Loads) -> None:
    """Both have read the person whom they write: without turns the later would write over the earlier one's word."""
    loads.load(csv_of(ROSA, TWIN))
    merge = _while_a_file_writes(loads, partial(answer, loads, same=True))
    _while_a_file_writes(loads, partial(undo, loads, merge))
    assert [row["state"] for row in loads.all(merges)] == ["desfeita"]


def _while_a_file_writes(loads: Loads, act: Callable[[], str | None]) -> str | None:
    """What `act` answers, begun while a chunk is being applied. SQLite has one writer anyway."""
    with ThreadPoolExecutor(1) as pool:
        with loads.database.write() as connection:
            take_turn(connection, TENANT)
            acting = pool.submit(act)
            while connection.dialect.name == "postgresql" and connection.execute(WAITING).scalar_one() == 0:
                assert not acting.done()
        return acting.result(30)


def test_a_row_that_waited_is_applied_to_the_person(loads: Loads) -> None:
    loads.load(csv_of(ROSA, ROSA.replace("1974-09-30", "1974-10-30")))
    assert answer(loads, same=True) is None
    (rosa,) = loads.people()
    assert (str(rosa["birth_date"]), rosa["version"]) == ("1974-10-30", 2)
    assert loads.all(register_history)[0]["cause"].startswith("review:")


def test_a_row_that_waited_becomes_a_person_without_the_other_s_numbers(loads: Loads) -> None:
    loads.load(csv_of(ROSA, "Paula Carrilho;;83368671634;;55;1999-10-30;F;"))
    assert answer(loads, same=False) is None
    _, paula = loads.people()
    assert (paula["name"], paula["cpf"], paula["record"]) == ("Paula Carrilho", None, "55")
    counted(loads.load(csv_of("Paula Carrilho;;;;55;1999-10-30;F;Novo")))
    assert loads.outcomes()[-1][1] == "atualizado"


def test_a_row_between_two_people_joins_them_and_can_be_undone(loads: Loads) -> None:
    loads.load(csv_of(ROSA.replace(";133288134140018;10", ";;"), TWIN))
    loads.load(csv_of("Rosa Ivonete Carrilho;;83368671634;158081376290004;;1974-09-30;M;"))
    before = content(loads)
    asked = [row["reason"] for row in loads.all(link_candidates)]
    merge = answer(loads, same=True, place=asked.index("identificadores_de_pessoas_diferentes"))
    assert [row["sex"] for row in content(loads) if row["merged_into"] is None] == ["M"]
    undo(loads, merge)
    assert content(loads) == before


def test_different_people_are_not_asked_about_again(loads: Loads) -> None:
    loads.load(csv_of(ROSA, ROSA.replace("1974-09-30", "1974-10-30")))
    with loads.database.write() as connection:
        question = reviewing.page(connection, TENANT, "aberta", None, 50)[0]["id"]
    answer(loads, same=False)
    loads.load(csv_of(ROSA.replace("1974-09-30", "1974-10-30")))
    assert [row["state"] for row in loads.all(link_candidates)] == ["pessoas_diferentes"]
    with loads.database.write() as connection, pytest.raises(Conflict, match="já foi decidida"):
        reviewing.answer(connection, TENANT, Answer(question, True, "x"), BLIND.of(TENANT))


def test_another_tenant_sees_and_decides_nothing(loads: Loads) -> None:
    loads.load(csv_of(ROSA, TWIN, AMADEU))
    with loads.database.write() as connection:
        question = reviewing.page(connection, TENANT, "aberta", None, 50)[0]["id"]
        assert reviewing.page(connection, "other", "aberta", None, 50) == []
        with pytest.raises(NotFound):
            reviewing.answer(connection, "other", Answer(question, True, "x"), BLIND.of("other"))
    merge = answer(loads, same=True)
    with loads.database.write() as connection, pytest.raises(NotFound):
        undoing.undo(connection, "other", str(merge), "x", Blocking(BLIND.of("other")))


def test_a40_merges_two_and_can_be_undone(loads: Loads) -> None:
    header = "MSH|^~\\&|ADT|HOSP|||20260101||ADT^{0}|{1}|P|2.5\rPID|1||{2}||Carrilho^Rosa||19740930|F\r"
    cpf, record = "83368671634^^^^CPF", "77^^^^MR"
    batch = header.format("A28", 1, cpf) + header.format("A28", 2, record).replace("Carrilho^", "Zanetti^")
    loads.load(batch, formato="hl7v2")
    before = content(loads)
    a40 = header.format("A40", 3, cpf) + "MRG|77^^^^MR~158081376290004^^^^CNS\r"
    counted(loads.load(a40, formato="hl7v2"))
    assert loads.outcomes()[-1][1:] == ("atualizado", "fusao")
    assert len([row for row in content(loads) if row["merged_into"]]) == 1
    assert len(loads.all(register_identifiers)) == 3
    undo(loads, loads.all(merges)[0]["id"])
    assert content(loads) == before
    assert len(loads.all(register_identifiers)) == 2


def test_a40_with_another_birth_date_asks_a_person(loads: Loads) -> None:
    header = "MSH|^~\\&|ADT|HOSP|||20260101||ADT^{0}|{1}|P|2.5\rPID|1||{2}||Carrilho^Rosa||{3}|F\r"
    batch = header.format("A28", 1, "83368671634^^^^CPF", 19740930) + header.format("A28", 2, "77^^^^MR", 19800101)
    loads.load(batch, formato="hl7v2")
    a40 = header.format("A40", 3, "83368671634^^^^CPF", 19740930) + "MRG|77^^^^MR\r"
    counted(loads.load(a40, formato="hl7v2"))
    assert loads.outcomes()[-1][1:] == ("ambiguo", "identificadores_de_pessoas_diferentes")
