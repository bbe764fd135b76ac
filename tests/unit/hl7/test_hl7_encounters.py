"""Encounters: vital signs, allergies, diagnoses, why and how somebody came and left."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.fixtures.hl7 import read_message as message
from tests.unit.hl7.messages import changed, codes, mapped, request


def test_an_encounter_brings_vital_signs_allergies_and_medicines():
    read: Any = request(message("adt_a04_consulta.hl7"))
    signs = read.sinais_vitais
    assert (signs.fr_irpm, signs.spo2_pct, signs.pas_mmhg, signs.pad_mmhg, signs.fc_bpm) == (24, 93, 98, 58, 112)
    assert (str(signs.temperatura_c), signs.consciencia, signs.glasgow, signs.o2_suplementar) == ("38.6", "A", 15, True)
    assert read.alergias == ["dipirona"] and read.cids == ["J18.9", "E11.9"]
    assert (read.medicamentos[0].nome, read.medicamentos[0].via) == ("Metformina", "oral")
    assert (read.profissional.crm, read.profissional.uf) == ("104873", "SP")
    assert (read.paciente.cns, str(read.paciente.peso_kg)) == ("931235935132260", "68.4")


VISIT = "adt_a04_consulta.hl7"


def signs_of(old: bytes, new: bytes) -> dict[str, Any]:
    read: dict[str, Any] = request(changed(old, new, VISIT)).model_dump()["sinais_vitais"]
    return read


@pytest.mark.parametrize(
    ("said", "supplemental"),
    [
        (b"3150-6^FiO2^LN||0.40|", True),
        (b"3150-6^FiO2^LN||0.21|", False),
        (b"FIO2^FiO2^L||40|%", True),
        (b"O2^Oxigenio^L||21|%", False),
        (b"O2^Oxigenio^L||0|L/min", False),
    ],
)
def test_more_oxygen_than_air_has_is_supplemental(said: bytes, supplemental: bool):
    assert signs_of(b"3151-8^Fluxo de O2^LN||2|L/min", said)["o2_suplementar"] is supplemental


@pytest.mark.parametrize(
    ("value", "kept", "code"),
    [
        (b"72.5", Decimal("72.5"), None),
        (b"-5", -5, None),
        (b"99999999999", None, "valor_implausivel"),
    ],
)
def test_one_odd_sign_does_not_hold_up_the_others(value: bytes, kept: Any, code: str | None):
    old, new = b"||112|bpm", b"||" + value + b"|bpm"
    signs = signs_of(old, new)
    assert (signs["fc_bpm"], signs["spo2_pct"]) == (kept, 93)
    assert code is None or code in codes(changed(old, new, VISIT))


def test_of_a_repeated_sign_the_latest_counts_and_two_of_one_moment_count_for_nothing():
    first, second = b"OBX|2|NM|59408-5^SpO2^LN||93|%|||||F", b"OBX|2|NM|59408-5^SpO2^LN||85|%|||||F"
    assert signs_of(first, first + b"|||20261118080000\r" + second + b"|||20261118083000")["spo2_pct"] == 85
    assert signs_of(first, first + b"\r" + second + b"|||20261118083000")["spo2_pct"] == 85
    assert signs_of(first, first + b"\r" + second)["spo2_pct"] is None
    assert "valores_contraditorios" in codes(changed(first, first + b"\r" + second, VISIT))


def test_a_diagnosis_out_of_form_costs_itself_only():
    old, new = b"E11.9^Diabetes", b"DIABETES^Diabetes"
    read: Any = request(changed(old, new, VISIT))
    assert read.cids == ["J18.9"] and codes(changed(old, new, VISIT))["codigo_invalido"] == "DG1#2-3.1"


def test_an_admission_says_why_how_and_where():
    read: Any = request(message("adt_a01_internacao.hl7"))
    assert (read.carater, read.origem, read.leito) == ("urgencia", "pronto-socorro", "ENF-3B-12")
    assert (read.cid_principal, read.cids_secundarios) == ("J18.9", ["I10"])
    assert (read.procedimento_sigtap, read.operadora_ans) == ("0303140151", "326305")
    assert read.alergias == [], "stated to be none is not the same as not informed"


def test_the_principal_diagnosis_of_a_discharge_is_the_final_one():
    read: Any = request(message("adt_a03_alta.hl7"))
    assert (read.cid_principal, read.cids_secundarios) == ("J18.9", ["J44.9"])
    assert [drug.nome for drug in read.prescricao_alta] == ["Amoxicilina", "Losartana"]
    assert read.motivo_saida == "alta melhorado"
    assert "visitas_ps_6m" in mapped(message("adt_a03_alta.hl7")).report.ausentes


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"01^alta melhorado", b"20", "óbito"),
        (b"01^alta melhorado", b"20^Expired^HL70112", "óbito"),
        (b"01^alta melhorado", b"20^permanencia", "permanencia"),
        (b"19580322|F", b"19580322|F" + b"|" * 22 + b"Y", "óbito"),
        (b"19580322|F", b"19580322|F" + b"|" * 22 + b"N", "alta melhorado"),
    ],
)
def test_a_death_is_said_in_our_words(old: bytes, new: bytes, reason: str):
    read: Any = request(changed(old, new, "adt_a03_alta.hl7"))
    assert read.motivo_saida == reason


def test_every_repetition_of_an_allergy_is_read():
    read: Any = request(changed(b"|^dipirona|", b"|^dipirona~^AAS|", VISIT))
    assert read.alergias == ["dipirona", "AAS"]


@pytest.mark.parametrize("said", [(b"S", b"N"), (b"N", b"S"), (b"S", b"N", b"S")])
def test_a_message_that_contradicts_itself_on_pregnancy_says_nothing_of_it(said: tuple[bytes, ...]):
    lines = b"".join(b"OBX|2%d|ST|11449-6^G^LN||%s||||||F\n" % (n, word) for n, word in enumerate(said))
    raw = changed(b"OBX|14|ST|11449-6^Gesta\xc3\xa7\xc3\xa3o^LN||N||||||F\n", lines)
    read: Any = request(raw)
    assert read.paciente.gestante == "desconhecido"
    assert "valores_contraditorios" in codes(raw)


def test_of_a_repeated_weight_the_last_counts_and_the_report_says_so():
    raw = changed(b"\nAL1|", b"\nOBX|30|NM|29463-7^Peso^LN||70|kg|||||F\nAL1|", VISIT)
    read: Any = request(raw)
    assert read.paciente.peso_kg == 70 and "medida_repetida" in codes(raw)
