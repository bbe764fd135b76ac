"""Answers: whom they name, what they say, and what they never repeat."""

import pytest

from shared.errors import IdempotencyMismatch, InvalidField, StoreUnavailable
from shared.hl7.ack import accept_ack, refusal_ack
from shared.hl7.message import parse
from shared.hl7.problems import Fault, Problem, problems_of
from shared.interop import Correspondencia


def raw(msh15: str = "", msh16: str = "") -> bytes:
    return f"MSH|^~\\&|LIS|LAB|PLANTAO|HOSP|20261120||ORU^R01^ORU_R01|C7|P|2.4|||{msh15}|{msh16}\rPID|1||123\r".encode()


def segments(ack: bytes) -> dict[str, list[str]]:
    return {line.split("|")[0]: line.split("|") for line in ack.decode().split("\r") if line}


def test_sender_and_receiver_change_places_and_the_message_is_named():
    answer = segments(accept_ack(parse(raw()), "t-1"))
    assert answer["MSH"][2:6] == ["PLANTAO", "HOSP", "LIS", "LAB"]
    assert (answer["MSH"][8], answer["MSH"][10], answer["MSH"][11]) == ("ACK^R01^ACK", "P", "2.4")
    assert answer["MSA"] == ["MSA", "AA", "C7", "t-1"]
    assert parse(accept_ack(parse(raw()), "t-1")).kind == "ACK^R01"


@pytest.mark.parametrize(
    ("msh15", "msh16", "accepted", "refused"),
    [
        ("", "", "AA", "AE"),
        ("AL", "", "CA", "CE"),
        ("AL", "NE", "CA", "CE"),
        ("SU", "AL", "CA", "AE"),
        ("NE", "AL", "AA", "AE"),
        ("NE", "NE", None, "AE"),
        ("ER", "", None, "CE"),
    ],
)
def test_the_mode_is_the_senders(msh15: str, msh16: str, accepted: str | None, refused: str):
    ack = accept_ack(parse(raw(msh15, msh16)), "t")
    assert (segments(ack)["MSA"][1] if ack else None) == accepted
    refusal = refusal_ack(raw(msh15, msh16), [Problem("PID-3", Fault.VALOR_INVALIDO, "x")])
    assert segments(refusal)["MSA"][1] == refused


def test_a_problem_has_location_code_and_words():
    answer = segments(refusal_ack(raw(), [Problem("OBX#4-5[2].1", Fault.VALOR_INVALIDO, "valor|ruim")]))
    assert answer["ERR"][2:6] == ["OBX^4^5^2^1", "102^Data type error^HL70357", "E", "valor_invalido"]
    assert answer["ERR"][8] == "valor\\F\\ruim"


@pytest.mark.parametrize("garbage", [b"", b"\0\xff\x0b", b"PID|1", b"MSH|", b"\x89PNG\r\n"])
def test_bytes_that_are_no_message_are_rejected_all_the_same(garbage: bytes):
    answer = segments(refusal_ack(garbage, [Problem("MSH-1", Fault.MSH_AUSENTE, "sem MSH")]))
    assert answer["MSA"][1:3] == ["AR", ""]
    assert answer["ERR"][3].startswith("100")


def test_faults_of_the_header_reject_and_those_of_the_content_are_errors():
    codes = [
        segments(refusal_ack(raw(), [Problem("MSH-9", fault, "x")]))["MSA"][1]
        for fault in (Fault.TIPO_NAO_ACEITO, Fault.EVENTO_NAO_ACEITO, Fault.CONTROLE_REPETIDO)
    ]
    assert codes == ["AR", "AR", "AE"]


def test_at_most_twenty_problems_are_listed():
    many = [Problem("PID-3", Fault.VALOR_INVALIDO, "x")] * 300
    assert refusal_ack(raw(), many).count(b"\rERR") == 20


def test_a_header_cannot_forge_a_line_of_the_answer():
    forged = b"MSH|^~\\&|A\x0bMSA\x1c|B|C|D|||ORU^R01|X\x1d\x1c|P|2.5\r"
    answer = refusal_ack(forged, [Problem("", Fault.FALHA_INTERNA, "a\rMSA|AA|1")])
    assert answer.count(b"\rMSA") == 1
    assert not any(byte < 0x20 and byte != 0x0D for byte in answer)


def test_a_field_of_the_request_leads_back_to_its_place():
    mapped = [
        Correspondencia(de="PID-3[2].1", para="paciente.cpf"),
        Correspondencia(de="OBX#2-5", para="resultados.0.valor"),
    ]
    refused = InvalidField(
        [("paciente.cpf", "ruim"), ("resultados.0.unidade", "campo obrigatório"), ("coleta_em", "ruim")]
    )
    found = [(problem.place, problem.code) for problem in problems_of(refused, mapped)]
    assert found == [("PID-3[2].1", "valor_invalido"), ("OBX#2", "campo_ausente"), ("coleta_em", "valor_invalido")]


def test_other_errors_have_codes_of_their_own():
    assert problems_of(IdempotencyMismatch())[0].code == "controle_repetido"
    assert problems_of(StoreUnavailable("fora"))[0].hl70357[0] == "207"
