"""The decision about one row, without a store: laws that hold whoever is known."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shared.privacy.blind_index import IdentifierKind
from shared.register.linkage import TWO_PEOPLE, decide
from shared.register.records import Disposition, Kind, Person, Stored

_dates = st.sampled_from([date(1974, 9, 30), date(1980, 1, 2)])
_names = st.sampled_from(["Rosa Lima", "Rosa Reis", "Zuleica Prado"])
_cpfs = st.sampled_from([None, "83368671634", "80002822083"])
_values = st.tuples(
    _names,
    st.none(),
    st.none(),
    _dates,
    st.sampled_from([None, "F", "M"]),
    _cpfs,
    st.none(),
    st.sampled_from([None, "1"]),
)
_rows = st.builds(
    lambda values, plan: Person(Kind.PATIENT, values, plan, ((IdentifierKind.RECORD, "1"),)),
    _values,
    st.sampled_from([None, {"convenio": "SUS"}]),
)


def stored(name: str, values: tuple[object, ...]) -> Stored:
    return Stored(name, Kind.PATIENT, values, None, 1)


@given(_rows)
def test_who_is_unknown_is_inserted(row: Person) -> None:
    assert decide(row, [], []).disposition is Disposition.INSERTED


@given(_rows, _values)
def test_nobody_is_joined_across_birth_dates_or_cpfs(row: Person, known: tuple[object, ...]) -> None:
    decision = decide(row, [stored("a", known)], [])
    if row.values[3] != known[3] or (row.values[5] and known[5] and row.values[5] != known[5]):
        assert decision.disposition is Disposition.AMBIGUOUS and decision.reason


@given(_rows, _values)
def test_an_update_is_known_the_second_time_and_takes_nothing_away(row: Person, known: tuple[object, ...]) -> None:
    person = stored("a", known)
    decision = decide(row, [person], [])
    if decision.disposition is Disposition.UPDATED:
        assert all(new is not None or old is None for new, old in zip(decision.values, known, strict=True))
        person.values, person.extra = decision.values, decision.extra
        decision = decide(row, [person], [])
        assert decision.disposition is Disposition.DUPLICATE


@given(_rows, _values, _values)
def test_two_people_are_never_joined_by_a_row_alone(
    row: Person, one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    decision = decide(row, [stored("a", one), stored("b", other)], [])
    assert (decision.disposition, decision.reason, decision.merge) == (Disposition.AMBIGUOUS, TWO_PEOPLE, False)


@given(_rows, _values, _values)
def test_a_declared_merge_needs_agreeing_birth_dates(
    row: Person, one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    decision = decide(row, [stored("a", one)], [stored("b", other)])
    assert not decision.merge or one[3] == other[3] == row.values[3]
