from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.motives import Motivo
from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import convert, measured, repeatable
from tests.unit.exames.hemograms import body, line


def paths(value: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as refusal:
        PedidoHemograma.model_validate(value)
    return [".".join(map(str, error["loc"])) for error in refusal.value.errors()]


@pytest.mark.parametrize(
    ("parameter", "value", "unit", "canonical"),
    [
        ("leucocitos", "6800", "/mm³", "6.8"),
        ("leucocitos", "6800", "células/mm3", "6.8"),
        ("leucocitos", "6.8", "mil/mm³", "6.8"),
        ("leucocitos", "6.8", "x10^3/uL", "6.8"),
        ("leucocitos", "6.8", "10*3/uL", "6.8"),
        ("leucocitos", "6.8", "10³/µL", "6.8"),
        ("leucocitos", "6.8", "x 10³/μL", "6.8"),
        ("leucocitos", "6.8", "10*9/L", "6.8"),
        ("leucocitos", "6.8", "G/L", "6.8"),
        ("leucocitos", "6.8", "K/uL", "6.8"),
        ("leucocitos", "6800", "/uL", "6.8"),
        ("hemacias", "4.55", "milhões/mm³", "4.55"),
        ("hemacias", "4550000", "/mm3", "4.55"),
        ("hemacias", "4.55", "10*12/L", "4.55"),
        ("hemacias", "4.55", "T/L", "4.55"),
        ("hemacias", "4.55", "10^6/uL", "4.55"),
        ("plaquetas", "250000", "/mm³", "250"),
        ("hemoglobina", "134", "g/L", "13.4"),
        ("hemoglobina", "13.4", "g%", "13.4"),
        ("hematocrito", "0.402", "L/L", "40.2"),
        ("chcm", "333", "g/L", "33.3"),
        ("vcm", "88", "µm³", "88"),
    ],
)
def test_units_convert_exactly(parameter: str, value: str, unit: str, canonical: str) -> None:
    assert convert(Parametro(parameter), Decimal(value), unit) == Decimal(canonical)
    assert PedidoHemograma.model_validate(body([line(parameter, value, unidade=unit)]))


@pytest.mark.parametrize(
    ("parameter", "value", "unit"),
    [
        ("hemoglobina", "13.4", "g/mL"),
        ("hemoglobina", "8.3", "mmol/L"),
        ("hemoglobina", "13.4", "g/L"),
        ("hemoglobina", "134", "g/dL"),
        ("hemoglobina", "0", "g/dL"),
        ("hematocrito", "0.402", "%"),
        ("leucocitos", "6800", "10*3/uL"),
        ("leucocitos", "6.8", "/mm³"),
        ("leucocitos", "6.8", "milhões/mm³"),
        ("plaquetas", "250", "/mm³"),
        ("plaquetas", "250000", "mil/mm³"),
        ("hemacias", "4.55", "/mm³"),
        ("hemacias", "4.55", "mil/mm³"),
        ("leucocitos", "6.8", "%"),
        ("segmentados_pct", "158", "%"),
        ("vcm", "88", "pg"),
        ("leucocitos", "6.8", "M/uL"),
        ("leucocitos", "6.8", "10*3"),
    ],
)
def test_an_impossible_unit_is_never_guessed(parameter: str, value: str, unit: str) -> None:
    assert isinstance(measured(Parametro(parameter), Decimal(value), unit), Motivo)
    assert PedidoHemograma.model_validate(body([line(parameter, value, unidade=unit)])), "its line alone is set aside"


@pytest.mark.parametrize(
    ("unit", "said"),
    [("g/mL", True), ("mmol/L", True), ("milhões/mm³", True), ("x10^3/µL", True), ("/100 leucócitos", True),
     ("Maria da Silva", False), ("529.982.247-25", False), ("52998224725", False), ("g/" + "l" * 30, False)],
)  # fmt: skip
def test_only_a_unit_is_repeated_in_a_finding(unit: str, said: bool) -> None:
    assert repeatable(unit) == (unit if said else None)


def test_zero_cells_are_possible() -> None:
    assert PedidoHemograma.model_validate(body([line("leucocitos", "0"), line("basofilos_pct", "0")]))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"coleta_em": "2026-11-20T08:00:00"}, "coleta_em"),
        ({"coleta_em": "1990-01-01T08:00:00-03:00"}, "coleta_em"),
        ({"amostra": ""}, "amostra"),
        ({"resultados": []}, "resultados"),
        ({"resultados": [line("plaquetas", "250")] * 101}, "resultados"),
        ({"resultados": [line("plaquetas", "250", ref_max="até 450")]}, "resultados.0.ref_max"),
        ({"resultados": [line("plaquetas", "9" * 25)]}, "resultados.0.valor"),
        ({"resultados": [line("plaquetas", ["250"])]}, "resultados.0.valor"),
        ({"resultados": [line("plaquetas", True)]}, "resultados.0.valor"),
        ({"resultados": [line("plaquetas", None)]}, "resultados.0.valor_texto"),
        ({"resultados": [line("plaquetas", "agregadas, " * 4)]}, "resultados.0.valor_texto"),
        ({"resultados": [line("plaquetas", "250", valor_texto="normais")]}, "resultados.0.valor_texto"),
        ({"resultados": [line("plaquetas", "250", comparador="~")]}, "resultados.0.comparador"),
        ({"resultados": [line("plaquetas", None, valor_texto="x", comparador="<")]}, "resultados.0.comparador"),
        ({"resultados": [line("sodio", "140")]}, "resultados.0.parametro"),
        ({"laudo": "x"}, "laudo"),
        (
            {"anterior": {"coleta_em": "2026-11-21T08:00:00-03:00", "resultados": [line("plaquetas", "200")]}},
            "anterior",
        ),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], path: str) -> None:
    assert paths({**body([line("plaquetas", "250")]), **change}) == [path]


@pytest.mark.parametrize(
    ("written", "value", "sign", "text"),
    [
        ("12", "12", None, None),
        ("<5", "5", "<", None),
        (" >= 1.5e3 ", "1500", ">=", None),
        ("≤ 20", "20", "<=", None),
        ("-1", "-1", None, None),
        ("12,5", "12.5", None, None),
        ("< 5,25", "5.25", "<", None),
        ("1,250", None, None, "1,250"),
        ("1.250,5", None, None, "1.250,5"),
        ("1,2,3", None, None, "1,2,3"),
        ("NaN", None, None, "NaN"),
        ("Infinity", None, None, "Infinity"),
        ("agregadas", None, None, "agregadas"),
    ],
)
def test_a_value_in_words_is_read_as_what_it_is(
    written: str, value: str | None, sign: str | None, text: str | None
) -> None:
    request = PedidoHemograma.model_validate(body([line("plaquetas", written)]))
    (read,) = request.resultados
    assert (read.valor, read.comparador, read.valor_texto) == (None if value is None else Decimal(value), sign, text)
    assert PedidoHemograma.model_validate_json(request.model_dump_json()) == request, "as the store gives it back"


def test_the_table_codes_every_parameter_in_its_canonical_unit() -> None:
    coded = {row.campo: row.ucum for row in HEMOGRAMA.current().parametros}
    assert coded == {parameter: parameter.unit for parameter in Parametro}
