from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import convert
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
def test_an_impossible_unit_is_refused_by_name(parameter: str, value: str, unit: str) -> None:
    assert paths(body([line("plaquetas", "250") | {"parametro": "vpm", "valor": "9", "unidade": "fL"}]
                      + [line(parameter, value, unidade=unit)])) == ["resultados.1.unidade"]  # fmt: skip


def test_zero_cells_are_possible() -> None:
    assert PedidoHemograma.model_validate(body([line("leucocitos", "0"), line("basofilos_pct", "0")]))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"coleta_em": "2026-11-20T08:00:00"}, "coleta_em"),
        ({"coleta_em": "1990-01-01T08:00:00-03:00"}, "coleta_em"),
        ({"amostra": ""}, "amostra"),
        ({"resultados": []}, "resultados"),
        ({"resultados": [line("plaquetas", "250"), line("plaquetas", "12")]}, "resultados"),
        ({"resultados": [line("plaquetas", "250", ref_min="450", ref_max="150")]}, "resultados.0.ref_max"),
        ({"resultados": [line("plaquetas", "-1")]}, "resultados.0.valor"),
        ({"resultados": [line("plaquetas", "Infinity")]}, "resultados.0.valor"),
        ({"resultados": [line("plaquetas", "12,5")]}, "resultados.0.valor"),
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


def test_the_table_codes_every_parameter_in_its_canonical_unit() -> None:
    coded = {row.campo: row.ucum for row in HEMOGRAMA.current().parametros}
    assert coded == {parameter: parameter.unit for parameter in Parametro}
