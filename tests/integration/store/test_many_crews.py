"""64 crews whose first provider fails: each falls back, none is lost, none is done twice, every attempt is booked."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from shared.database import Database
from shared.llm.catalogue import BudgetLimit
from shared.llm.failures import FaultKind
from shared.tasks import commands
from tests.integration.store.crews import CALLS, EVENT, catalogue, crews, deliver, gateway_over, ledger, submitted
from tests.integration.store.executing import view
from tests.integration.store.rows import TENANT, results
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running

AFTERWARDS = 4


@pytest.mark.parametrize(
    ("database", "fault", "kind", "many"),
    [
        ("postgresql", "503", FaultKind.OVERLOADED, 64),
        ("sqlite", "429", FaultKind.RATE_LIMITED, 64),
        ("sqlite", "truncate", FaultKind.CONNECTION, 16),
        ("postgresql", "stall", FaultKind.TIMEOUT, 16),
    ],
    indirect=["database"],
)
def test_every_crew_falls_back_and_no_task_is_lost_or_doubled(
    database: Database, fault: Any, kind: FaultKind, many: int
) -> None:
    dying, living = MockProvider(plan=FaultPlan(fault)), MockProvider()
    with (
        running(dying) as first,
        running(living) as second,
        gateway_over(database, catalogue(first, second, attempt_s=1.5 if fault == "stall" else 120)) as gateway,
        crews(database, **{EVENT: gateway}) as execution,
    ):
        ids = submitted(database, execution, EVENT, many)
        # Every message comes twice: a broker may do that whenever it likes.
        deliveries = [*ids, *ids]
        random.shuffle(deliveries)
        with ThreadPoolExecutor(many) as pool:
            assert all(pool.map(lambda task_id: deliver(execution, task_id), deliveries))
        asked = len(dying.requests)
        late = submitted(database, execution, EVENT, AFTERWARDS)
        assert all(deliver(execution, task_id) for task_id in late)
        assert len(dying.requests) == asked, "a provider that rests was asked again"
    for task_id in (*ids, *late):
        _is_whole(database, task_id)
    rows = ledger(database, *ids, *late)
    booked = Counter(row.deployment for row in rows)
    assert booked["segunda"] == len(living.requests)
    # A tight limit may end an attempt before its request is out; none goes out beside an attempt.
    assert booked["primeira"] == asked or (fault == "stall" and asked < booked["primeira"])
    assert len(living.requests) == CALLS * (many + AFTERWARDS)
    assert {row.outcome for row in rows if row.deployment == "primeira"} == {kind.value}
    # All may ask before anybody knows; without a breaker each would ask at its second call again, and retry.
    assert 5 <= asked <= many * 2


def _is_whole(database: Database, task_id: str) -> None:
    """One result, by the second provider, that costs what the ledger says."""
    found = view(database, task_id)
    assert (found.status, found.degraded, found.error) == ("completed", False, None)
    assert len(results(database, task_id)) == 1
    used = found.result["proveniencia"]
    assert [one["implantacao"] for one in used["modelos"]] == ["segunda"]
    assert used["contingencia"] and found.result["parecer"]["citacoes"]
    rows = ledger(database, task_id)
    assert [row.outcome for row in rows if row.deployment == "segunda"] == ["ok"] * CALLS
    assert used["custo_microusd"] == sum(row.cost_microusd for row in rows) > 0
    assert {(row.tenant, row.client, row.domain, row.surface) for row in rows} == {(TENANT, "tests", "exames", "crew")}


def test_a_cancelled_crew_and_one_past_its_deadline_end_alone(database: Database) -> None:
    dying, living, silent = MockProvider(plan=FaultPlan("503")), MockProvider(), MockProvider(plan=FaultPlan("stall"))
    with (
        running(dying) as first,
        running(living) as second,
        running(silent) as third,
        gateway_over(database, catalogue(first, second)) as gateway,
        gateway_over(database, catalogue(third, third, attempt_s=60)) as mute,
        crews(database, exame=gateway, imagem=mute) as execution,
        ThreadPoolExecutor(16) as pool,
    ):
        cancelled, late = submitted(database, execution, "imagem", 2)
        stuck = []
        for task_id in (cancelled, late):
            stuck.append(pool.submit(deliver, execution, task_id))
            assert silent.received.wait(60)
            silent.received.clear()
        others = submitted(database, execution, EVENT, 8)
        with database.write() as connection:
            commands.cancel(connection, TENANT, cancelled)
        execution.running[late].allow(0.1)
        assert all(pool.map(lambda task_id: deliver(execution, task_id), others))
        assert all(future.result(60) for future in stuck)
    assert view(database, cancelled).status == "cancelled" and results(database, cancelled) == []
    found = view(database, late)
    assert (found.status, found.degraded, found.error["code"]) == ("completed", True, "deadline_exceeded")
    assert found.result["achados"] and found.result["parecer"] is None
    for task_id in others:
        _is_whole(database, task_id)
    assert [row.outcome for row in ledger(database, cancelled, late)] == ["cancelled", "cancelled"]


def test_without_money_left_the_findings_stand_and_the_result_says_why(database: Database) -> None:
    living = MockProvider()
    with running(living) as url:
        models = catalogue(url, url)
        limit = BudgetLimit(scope="client", name="tests", limit_usd=Decimal("0.000001"))
        with (
            gateway_over(database, models.model_copy(update={"budgets": (limit,)})) as gateway,
            crews(database, **{EVENT: gateway}) as execution,
        ):
            (task_id,) = submitted(database, execution, EVENT, 1)
            assert deliver(execution, task_id)
    found = view(database, task_id)
    assert (found.status, found.degraded, found.error["code"]) == ("completed", True, "budget_exhausted")
    assert found.result["achados"] and found.result["parecer"] is None
    assert (living.requests, ledger(database, task_id)) == ([], [])
