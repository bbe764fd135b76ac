"""The UDI: GS1's published example, every single-digit slip, expiry and batch."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.opme.rules.protese import avaliar
from handlers.opme.rules.udi import elementos, gtin_confere, ultimo_dia
from tests.unit.opme.claims import codes, prosthesis

GTIN = "00614141999996"  # GS1's own example number


@pytest.mark.parametrize(
    ("gtin", "agrees"), [(GTIN, True), ("00614141999997", False), ("614141999996", False), ("x" * 14, False)]
)
def test_check_digit(gtin: str, agrees: bool) -> None:
    assert gtin_confere(gtin) is agrees


@given(st.integers(0, 13), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(place: int, by: int) -> None:
    wrong = str((int(GTIN[place]) + by) % 10)
    assert not gtin_confere(GTIN[:place] + wrong + GTIN[place + 1 :])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("270831", date(2027, 8, 31)),
        ("270200", date(2027, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("270230", None),
        ("271301", None),
        ("2708", None),
    ],
)
def test_last_day(text: str, day: date | None) -> None:
    assert ultimo_dia(text) == day


@pytest.mark.parametrize("text", ["+H123ABC01234567890D", "0100614141999996", "(17)270831", "(01)", "texto"])
def test_another_form_is_not_evaluated(text: str) -> None:
    assert elementos(text) is None
    found = avaliar(prosthesis(udi=text))
    assert any(line.startswith("udi") for line in found.nao_avaliado)
    assert not [code for code in codes(found) if code.startswith("udi")]


@pytest.mark.parametrize(
    ("udi", "day", "code"),
    [
        (f"(01){GTIN}(17)270112(10)L1", "2027-01-12", None),
        (f"(01){GTIN}(17)270111(10)L1", "2027-01-12", "material_vencido_na_data"),
        ("(01)00614141999997(17)310101", "2027-01-12", "udi_dv_divergente"),
        (f"(01){GTIN}(10)L2", "2027-01-12", "udi_lote_divergente"),
        (f"(01){GTIN}(17)279999", "2027-01-12", "udi_validade_ilegivel"),
    ],
)
def test_findings(udi: str, day: str, code: str | None) -> None:
    found = codes(avaliar(prosthesis(udi=udi, lote="L1", data_procedimento=day)))
    assert [one for one in found if one.startswith(("udi", "material"))] == ([code] if code else [])


def test_without_a_day_the_expiry_asks_for_it() -> None:
    found = avaliar(prosthesis(udi=f"(01){GTIN}(17)270111", data_procedimento=None))
    assert found.calculos["udi_valido_ate"] == "2027-01-11"
    assert "data_procedimento" in found.dados_faltantes
