"""Which budgets a call is charged to, and when their periods begin and end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.llm.budgets import charges, period_bounds
from shared.llm.catalogue import BudgetLimit, Catalogue, Deployment, Policy
from shared.llm.contract import CallContext, Surface

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MOMENT = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # 23:30 of the 19th there


def limit(scope: Any, usd: str, name: str = "*", period: Any = "day") -> BudgetLimit:
    return BudgetLimit(scope=scope, name=name, period=period, limit_usd=Decimal(usd))


def charged(*limits: BudgetLimit, **whose: Any) -> dict[tuple[str, str, str], int]:
    context = CallContext(Surface.CREW, 30.0, **whose)
    found = charges(limits, context, MOMENT, SAO_PAULO)
    return {(one.scope, one.name, one.period): one.limit_microusd for one in found}


def test_a_day_is_the_hospitals() -> None:
    assert period_bounds("day", MOMENT, SAO_PAULO) == (
        datetime(2026, 11, 19, 3, tzinfo=UTC),
        datetime(2026, 11, 20, 3, tzinfo=UTC),
    )
    assert period_bounds("month", datetime(2026, 12, 31, 23, tzinfo=UTC), SAO_PAULO) == (
        datetime(2026, 12, 1, 3, tzinfo=UTC),
        datetime(2027, 1, 1, 3, tzinfo=UTC),
    )


def test_a_day_on_which_clocks_change_is_longer_or_shorter() -> None:
    lisbon = ZoneInfo("Europe/Lisbon")
    lengths = []
    for day in (datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)):
        starts_at, resets_at = period_bounds("day", day, lisbon)
        lengths.append((resets_at - starts_at) // timedelta(hours=1))
    assert lengths == [23, 25]


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["day", "month"]),
    st.sampled_from(["America/Sao_Paulo", "Asia/Kathmandu", "Europe/Lisbon", "Pacific/Apia", "UTC"]),
)
def test_every_moment_lies_in_its_period_and_periods_meet(moment: datetime, period: str, name: str) -> None:
    zone = ZoneInfo(name)
    starts_at, resets_at = period_bounds(period, moment, zone)
    assert starts_at <= moment < resets_at
    assert period_bounds(period, starts_at, zone) == (starts_at, resets_at)
    assert period_bounds(period, resets_at, zone)[0] == resets_at
    assert period_bounds(period, starts_at - timedelta(microseconds=1), zone)[1] == starts_at


def test_the_exact_name_stands_in_place_of_the_star_wherever_it_stands() -> None:
    both = limit("client", "2"), limit("client", "1", "batch")
    for limits in (both, both[::-1]):
        assert charged(*limits, client="batch") == {("client", "batch", "day"): 1_000_000}
        assert charged(*limits, client="other") == {("client", "other", "day"): 2_000_000}


def test_day_and_month_hold_side_by_side() -> None:
    limits = limit("tenant", "9", period="month"), limit("tenant", "1", "default")
    assert charged(*limits) == {("tenant", "default", "month"): 9_000_000, ("tenant", "default", "day"): 1_000_000}


def test_what_has_no_domain_is_charged_to_none() -> None:
    limits = limit("domain", "1"), limit("domain", "1", "exames")
    assert charged(*limits) == {}
    assert charged(*limits, domain="opme") == {("domain", "opme", "day"): 1_000_000}


@given(st.lists(st.tuples(*[st.text(max_size=4)] * 2), min_size=2, max_size=2, unique=True))
def test_no_two_clients_share_a_budget(whose: list[tuple[str, str]]) -> None:
    found = [
        charges([limit("client", "1")], CallContext(Surface.CREW, 1.0, tenant=t, client=c), MOMENT, SAO_PAULO)[0].id
        for t, c in whose
    ]
    assert found[0] != found[1]


def test_two_limits_for_the_same_are_refused() -> None:
    with pytest.raises(ValidationError, match="budgets names client batch day twice"):
        Catalogue(
            deployments={"a": Deployment(provider="offline", model="m")},
            policies={"padrao": Policy(deployments=("a",))},
            budgets=(limit("client", "1", "batch"), limit("client", "2", "batch")),
        )
