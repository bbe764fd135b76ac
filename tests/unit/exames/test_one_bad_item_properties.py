"""A bad item takes nothing away that does not rest on its own parameter, and never an alert."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.hemograma.evaluation import avaliar
from handlers.exames.tables.parameters import Parametro
from shared.findings import Avaliacao
from tests.unit.exames.hemograms import body, codes, line


def tenths(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low * 10, high * 10).map(lambda n: str(Decimal(n) / 10))


# Half of the values lie around critical limits: the alerts are what must not get lost.
VALUES = {
    "hemoglobina": tenths(3, 22),
    "hematocrito": tenths(10, 65),
    "hemacias": tenths(1, 8),
    "leucocitos": st.one_of(tenths(1, 4), tenths(1, 80)),
    "segmentados_pct": st.one_of(tenths(1, 15), tenths(1, 90)),
    "bastonetes_pct": tenths(1, 20),
    "linfocitos_pct": tenths(1, 90),
    "monocitos_pct": tenths(1, 20),
    "eosinofilos_pct": tenths(1, 10),
    "basofilos_pct": tenths(1, 3),
    "neutrofilos_abs": tenths(0, 9),
    "plaquetas": st.one_of(st.integers(1, 40), st.integers(1, 1500)).map(str),
    "blastos_pct": tenths(0, 10),
    "eritroblastos_100leuco": tenths(0, 80),
}
SAMPLES = st.fixed_dictionaries({}, optional=VALUES).filter(bool)
BAD = st.sampled_from(
    [
        {"valor": "13.4", "unidade": "cm"},
        {"valor": "99999999"},
        {"valor": "-3"},
        {"valor": "hemolisado"},
        {"valor": None, "valor_texto": "ver laudo"},
        {"valor": "1", "unidade": None},
    ]
)


def evaluated(lines: list[dict[str, Any]]) -> Avaliacao:
    return avaliar(PedidoHemograma.model_validate(body(lines, leucocitos_ja_corrigidos=False)))


def said(evaluation: Avaliacao) -> set[tuple[str, str]]:
    return {(finding.codigo, finding.descricao) for finding in evaluation.achados}


def alerts(evaluation: Avaliacao) -> set[str]:
    return {finding.codigo for finding in evaluation.criticos}


def blocked(evaluation: Avaliacao) -> bool:
    return any(finding.codigo == "amostra_inconsistente" for finding in evaluation.achados)


@given(SAMPLES, st.sampled_from(list(Parametro)), BAD, st.booleans())
@settings(max_examples=200)
def test_a_line_that_is_none(sample: dict[str, str], parameter: Parametro, bad: dict[str, Any], first: bool) -> None:
    good = [line(name, value) for name, value in sample.items()]
    spoiled = {**line(parameter.value, None), **bad}
    before, after = evaluated(good), evaluated([spoiled, *good] if first else [*good, spoiled])
    assert alerts(before) <= alerts(after)
    assert any(finding.codigo == "resultado_nao_interpretado" for finding in after.achados)
    if parameter.value in sample:
        assert said(before) <= said(after), "the good line of the same parameter stands"
    else:
        assert completes(parameter, codes(before) - codes(after))


def completes(parameter: Parametro, lost: set[str]) -> bool:
    """Whether all that got lost rests on sums that the unusable value would have been a part of."""
    neighbours = {
        Parametro.BASTONETES_PCT: ("neutro", "desvio", "inconsistencia", "amostra"),
        Parametro.BASTONETES_ABS: ("neutro",),
        Parametro.METAMIELOCITOS_PCT: ("desvio", "inconsistencia", "amostra"),
        Parametro.MIELOCITOS_PCT: ("desvio", "inconsistencia", "amostra"),
        Parametro.BLASTOS_PCT: ("inconsistencia", "amostra"),
        Parametro.ERITROBLASTOS: ("inconsistencia", "amostra"),
    }
    return all(code.startswith(neighbours.get(parameter, ())) for code in lost)


@given(SAMPLES, st.data())
@settings(max_examples=200)
def test_a_second_value_that_contradicts_the_first(sample: dict[str, str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(sample)))
    other = data.draw(VALUES[name].filter(lambda value: Decimal(value) != Decimal(sample[name])))
    good = [line(key, value) for key, value in sample.items()]
    rest = [item for item in good if item["parametro"] != name]
    before, after = evaluated(good), evaluated([*good, line(name, other)])
    assert alerts(before) <= alerts(after)
    if rest and not blocked(before) and not blocked(after):
        independent = said(before) & said(evaluated(rest))
        assert {finding for finding in independent if not finding[0].startswith("neutro")} <= said(after)
