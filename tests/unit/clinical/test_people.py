from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.clinical.fields import DataHora
from shared.clinical.people import Estabelecimento, Paciente, Pedido, Profissional

PATIENT: dict[str, Any] = {
    "cpf": "52998224725",
    "prontuario": "0042",
    "nome": "Pessoa Inventada",
    "data_nascimento": "1990-01-02",
    "sexo": "F",
}


def refused(model: Any, value: dict[str, Any]) -> dict[str, str]:
    """Reasons by dotted path."""
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(value)
    return {".".join(map(str, e["loc"])): e["msg"] for e in refusal.value.errors()}


def test_a_patient_needs_one_way_to_be_known() -> None:
    nobody = {key: value for key, value in PATIENT.items() if key != "cpf"}
    assert "cpf, cns ou nao_identificado" in refused(Paciente, nobody)[""]
    assert Paciente.model_validate({**nobody, "cns": "700000000000005"}).cns == "700000000000005"
    assert Paciente.model_validate({**nobody, "nao_identificado": {"motivo": "inconsciente"}}).recusa_ia is False
    assert "nao_identificado.motivo" in refused(Paciente, {**nobody, "nao_identificado": {}})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cpf", "11111111111"),
        ("cpf", 52998224725),
        ("prontuario", 42),
        ("prontuario", "  "),
        ("nome", "Ana\x00"),
        ("data_nascimento", 631238400),
        ("data_nascimento", "631238400"),
        ("data_nascimento", "02/01/1990"),
        ("sexo", "X"),
        ("gestante", "talvez"),
        ("peso_kg", "NaN"),
        ("peso_kg", 0),
        ("altura_cm", "1.65"),
        ("nome_da_mae", "Maria"),
    ],
)
def test_what_is_wrong_is_named_and_never_repeated(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        Paciente.model_validate({**PATIENT, field: value})
    assert [error["loc"] for error in refusal.value.errors()] == [(field,)]
    assert "Inventada" not in str(refusal.value)
    assert "11111111111" not in str(refusal.value)


def test_weeks_only_with_a_pregnancy() -> None:
    assert "gestante" in refused(Paciente, {**PATIENT, "idade_gestacional_sem": 20})[""]
    assert Paciente.model_validate({**PATIENT, "gestante": "sim", "idade_gestacional_sem": 20}).idade_gestacional_sem


def test_required_fields_are_named() -> None:
    assert {"prontuario", "nome", "data_nascimento", "sexo"} <= set(refused(Paciente, {"cpf": "52998224725"}))
    assert {"nome", "crm", "uf"} == set(refused(Profissional, {}))
    assert {"cnes"} == set(refused(Estabelecimento, {}))
    assert {"paciente"} == set(refused(Pedido, {}))


def test_a_physician() -> None:
    doctor = Profissional.model_validate({"nome": "Otávio", "crm": "12.345", "uf": "SP", "cbo": "2251-25"})
    assert (doctor.crm, doctor.cbo) == ("12345", "225125")
    assert "uf" in refused(Profissional, {"nome": "Otávio", "crm": "1", "uf": "XX"})


def test_a_time_needs_its_zone() -> None:
    times = TypeAdapter(DataHora)
    assert times.validate_python("2026-11-20T08:00:00-03:00").utcoffset()
    for wrong in ("2026-11-20T08:00:00", "2026-11-20", 1_700_000_000, "1700000000"):
        with pytest.raises(ValidationError):
            times.validate_python(wrong)
    with pytest.raises(ValidationError, match="fuso"):
        times.validate_python("2026-11-20T08:00:00")
