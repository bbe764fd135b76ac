"""Which tasks are one person's: followed from identifier to identifier, and never across two CPFs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.clock import now
from shared.database import Database
from shared.privacy.blind_index import IdentifierKind, Subject
from shared.tasks import patients
from shared.tasks.patients import Named, Person
from tests.integration.store.rows import TENANT, accept, accepted, new_task

CPF, CNS, RECORD = IdentifierKind.CPF, IdentifierKind.CNS, IdentifierKind.RECORD
DOMAINS = ["eco", "exames"]


def person(database: Database, kind: IdentifierKind, value: str, tenant: str = TENANT) -> Person:
    with database.read() as connection:
        return patients.find_person(connection, tenant, (kind, value))


def timeline(database: Database, kind: IdentifierKind, value: str, tenant: str = TENANT) -> list[str]:
    found = person(database, kind, value, tenant)
    with database.read() as connection:
        return [row.id for row in patients.timeline_page(connection, tenant, found, DOMAINS, None, 50)]


def task(database: Database, cpf: str | None = None, cns: str | None = None, record: str | None = None) -> str:
    return accepted(database, subject=Subject(cpf, cns, record))


def test_tasks_are_found_by_each_identifier_newest_first(database: Database) -> None:
    ids = [task(database, "c", "n", "r") for _ in range(3)]
    task(database, "c2", "n2", "r2")
    for name in ((CPF, "c"), (CNS, "n"), (RECORD, "r")):
        assert timeline(database, *name) == ids[::-1]


@pytest.mark.parametrize("asked", [(CPF, "c"), (CNS, "n"), (RECORD, "r"), (RECORD, "r2")])
def test_whoever_was_seen_with_a_name_is_found_under_all_names(database: Database, asked: Named) -> None:
    ids = [
        task(database, cpf="c", cns="n"),
        task(database, cns="n", record="r"),
        task(database, cns="n"),
        task(database, cpf="c", record="r2"),
    ]
    assert timeline(database, *asked) == ids[::-1]


def test_a_cns_shared_by_mother_and_child_leads_from_neither_to_the_other(database: Database) -> None:
    mother, child, unclear = task(database, "mae", "n"), task(database, "filho", "n"), task(database, cns="n")
    assert timeline(database, CPF, "mae") == [mother]
    assert timeline(database, CPF, "filho") == [child]
    both = person(database, CNS, "n")
    assert both.ambiguous and timeline(database, CNS, "n") == [unclear, child, mother]


def test_a_record_number_of_two_houses_joins_nobody(database: Database) -> None:
    here, there = task(database, "a", record="123"), task(database, "b", record="123")
    nameless = task(database, record="123", cns="x")
    assert timeline(database, CPF, "a") == [here]
    assert timeline(database, CPF, "b") == [there]
    assert timeline(database, CNS, "x") == [nameless]


def test_a_record_number_with_two_cns_and_no_cpf_joins_nobody(database: Database) -> None:
    one, other = task(database, cns="n1", record="r"), task(database, cns="n2", record="r")
    assert timeline(database, CNS, "n1") == [one]
    assert timeline(database, CNS, "n2") == [other]


def test_a_person_may_have_two_cns(database: Database) -> None:
    ids = [task(database, "c", "provisorio", "r"), task(database, "c", "definitivo", "r")]
    ids += [task(database, cns="provisorio"), task(database, cns="definitivo", record="r")]
    for asked in ((CPF, "c"), (CNS, "provisorio"), (CNS, "definitivo"), (RECORD, "r")):
        assert timeline(database, *asked) == ids[::-1]


def test_a_name_that_speaks_for_another_cpf_is_not_followed(database: Database) -> None:
    both = task(database, cns="n", record="r")
    task(database, cpf="a", cns="n")
    mine = task(database, cpf="b", record="r")
    task(database, cns="n")
    assert timeline(database, RECORD, "r") == timeline(database, CPF, "b") == [mine, both]


def test_two_cpfs_at_the_ends_of_two_ways_are_both_left_out(database: Database) -> None:
    ids = [task(database, cns="n", record="r1"), task(database, cns="n", record="r2")]
    task(database, cpf="a", record="r1")
    task(database, cpf="b", record="r2")
    task(database, record="r1")
    assert timeline(database, CNS, "n") == ids[::-1]


def test_what_was_found_last_is_looked_at_before_it_counts(database: Database) -> None:
    for names in ((None, "n", "r"), ("c", "n", None), ("c", "n2", None), (None, "n2", "r3"), ("outro", None, "r3")):
        task(database, *names)
    assert {value for _, value in person(database, RECORD, "r").names} == {"r", "n", "c", "n2"}


def test_another_tenant_has_another_patient(database: Database) -> None:
    task(database, "c", "n", "r")
    assert timeline(database, CPF, "c", tenant="outro") == []


def test_nobody_is_on_the_timeline_of_nobody(database: Database) -> None:
    accepted(database)
    assert timeline(database, CPF, "desconhecido") == []


def test_pages_meet_without_a_gap_or_a_double(database: Database) -> None:
    moment = now()
    # The id decides among equal times.
    items = [new_task(subject=Subject(cpf="c"), occurred_at=moment if n < 5 else None) for n in range(7)]
    accept(database, *items)
    found = person(database, CPF, "c")
    seen: list[str] = []
    before = None
    with database.read() as connection:
        while page := patients.timeline_page(connection, TENANT, found, DOMAINS, before, 3):
            seen += [row.id for row in page]
            before = (page[-1].occurred_at, page[-1].id)
    assert len(seen) == 7 and set(seen) == {item.id for item in items}


def test_what_happened_last_comes_first_whenever_it_was_sent(database: Database) -> None:
    moment = now()
    yesterday, last_year = (moment - timedelta(days=days) for days in (1, 365))
    items = [new_task(subject=Subject(cpf="c"), occurred_at=when) for when in (yesterday, None, last_year)]
    accept(database, *items)
    with database.read() as connection:
        page = patients.timeline_page(connection, TENANT, person(database, CPF, "c"), DOMAINS, None, 10)
    assert [row.id for row in page] == [items[1].id, items[0].id, items[2].id]


def test_other_domains_are_left_out(database: Database) -> None:
    task(database, "c")
    accept(database, new_task(domain="opme", subject=Subject(cpf="c")))
    assert len(timeline(database, CPF, "c")) == 1
