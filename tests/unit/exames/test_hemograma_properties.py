from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handlers.exames.rules.hemograma.evaluation import avaliar
from tests.unit.exames.hemograms import NORMAL, hemogram, line

# The same quantity in another unit: how the value is scaled and what the unit is then called.
OTHER_UNITS = {
    "hemoglobina": [(Decimal(10), "g/L")],
    "hematocrito": [(Decimal("0.01"), "L/L")],
    "hemacias": [(Decimal(10) ** 6, "/mm³"), (Decimal(1), "milhões/mm³"), (Decimal(1), "10*12/L")],
    "leucocitos": [(Decimal(10) ** 3, "/mm³"), (Decimal(1), "mil/mm³"), (Decimal(1), "10*9/L")],
    "plaquetas": [(Decimal(10) ** 3, "/uL"), (Decimal(1), "mil/mm³"), (Decimal(1), "x10^3/uL")],
}


def tenths(low: str, high: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=1)


SAMPLES = st.fixed_dictionaries(
    {
        "hemoglobina": tenths("3", "22"),
        "hematocrito": tenths("10", "65"),
        "hemacias": tenths("1", "8"),
        "leucocitos": tenths("0.1", "80"),
        "plaquetas": st.integers(1, 1500).map(Decimal),
    }
)


@given(SAMPLES, st.data())
def test_the_same_sample_in_other_units_gives_the_same_findings(values: dict[str, Decimal], data: Any) -> None:
    units = {name: data.draw(st.sampled_from(options)) for name, options in OTHER_UNITS.items()}
    converted = [line(name, str(values[name] * scale), unidade=unit) for name, (scale, unit) in units.items()]
    first = avaliar(hemogram(values={name: str(value) for name, value in values.items()}))
    second = avaliar(hemogram(extra=converted))
    assert sorted(f.codigo for f in first.achados) == sorted(f.codigo for f in second.achados)
    assert [f.descricao for f in first.criticos] == [f.descricao for f in second.criticos]
    assert first.calculos == second.calculos


@given(
    st.sampled_from(["hemoglobina", "leucocitos", "plaquetas"]),
    st.lists(st.integers(20, 1500), min_size=2, max_size=2, unique=True),
)
def test_further_from_normal_on_the_same_side_is_never_less_critical(name: str, tenths_of: list[int]) -> None:
    near_zero, farther = sorted(Decimal(n) / 10 for n in tenths_of)
    normal = Decimal(NORMAL[name])

    def critical(value: Decimal) -> bool:
        limit = {"hemoglobina": Decimal(30), "leucocitos": Decimal(1500), "plaquetas": Decimal(6000)}[name]
        evaluation = avaliar(hemogram(values={name: str(min(value, limit))}))
        return f"critico_{name}" in {f.codigo for f in evaluation.criticos}

    if farther <= normal and critical(farther):
        assert critical(near_zero)
    if near_zero >= normal and critical(near_zero):
        assert critical(farther)


@given(SAMPLES)
def test_evaluating_twice_gives_the_same_answer(values: dict[str, Decimal]) -> None:
    request = hemogram(values={name: str(value) for name, value in values.items()})
    assert avaliar(request) == avaliar(request)
