"""Whom a file names, in each kind of file; and the files that cannot say, which stay inside the house."""

from __future__ import annotations

import json

import pytest

from shared.conversations.people.columns import Holds, holds
from shared.conversations.people.searching import MOST_VALUES, TOO_MANY, UNREADABLE, People, people_in, together
from shared.files import content
from shared.interop import FHIR_JSON, HL7_V2
from shared.privacy.identifiers import Identifiers
from tests.acceptance.canaries import CNS, CPF, DOCTOR, FREE_TEXT, NAME, RECORD, SOCIAL_NAME, planted_bundle
from tests.acceptance.canaries import planted_message as message

HEADS = "Nome do Paciente;Filiação 1;CPF;Cartão SUS;Nº Prontuário;dt_nasc;Tel.;E-mail;Endereço;Hb (g/dL)"
ROW = f"{NAME};Bento;{CPF};{CNS};{RECORD};23.09.1937;(97) 98123-4567;z@x.example;Rua Jabuticabeira, 4711;7,2"
EVERYTHING = {*ROW.split(";"), "1937-09-23"} - {"7,2"}
PACKED = "JVBERi0xLjQKJcfsj6IKNSAwIG9iago8PC9MZW5ndGggNiAwIFI+PgpzdHJlYW0KeJxVjTEOwjAQBPu84n4Q7+2d7TwBiR8gCgoKRMH"


def _names(text: str, media_type: str) -> set[str]:
    people = people_in(text, media_type)
    assert people.confined == ""
    return set(people.identifiers.names)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_table_says_by_its_columns_whom_it_names(delimiter: str) -> None:
    assert _names(f"{HEADS}\r\n{ROW}\r\n".replace(";", delimiter), content.CSV) == EVERYTHING


def test_a_table_names_people_in_columns_that_nobody_knows_and_in_its_first_line_too() -> None:
    assert _names(f"exame;genitrix;{NAME}\nHb;Bento da Silva;7\nHt;-;30\n", content.CSV) == {NAME, "Bento da Silva"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nome\nZuleica\nBento\n", {"Zuleica", "Bento"}),
        ("exame;valor\nHb;7\n", set()),
        ("Evolução do paciente: febre, tosse.\nSem queixas, come bem, dorme, anda.\nAlta amanhã.\n", set()),
        ("paciente;sexo;mae\nZuleica;F;não informado\n", {"Zuleica"}),
    ],
    ids=["a list", "a table of things", "prose", "few answers"],
)
def test_what_names_nobody_hides_nothing(text: str, names: set[str]) -> None:
    assert _names(text, content.CSV) == names


def test_objects_say_by_their_fields_whom_they_name() -> None:
    person = dict(zip(HEADS.split(";"), ROW.split(";"), strict=True))
    nested = {"paciente": {"nomeSocial": SOCIAL_NAME, "registros": [4711001]}, "hb": 7.2, NAME: {"hb": "Bento Brasil"}}
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in (person, nested))
    expected = EVERYTHING | {SOCIAL_NAME, "4711001", NAME}
    assert _names(lines, content.NDJSON) == expected
    assert _names(json.dumps([person, nested]), content.JSON) == expected
    assert _names(json.dumps(nested, indent=1), content.NDJSON) == {SOCIAL_NAME, "4711001", NAME}


def test_a_bundle_names_everybody_in_it() -> None:
    phone = {
        "telecom": [{"system": "phone", "value": "98123-4567"}],
        "address": [{"line": ["Rua X, 1"], "state": "SP"}],
    }
    related = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient/PRT-99", "display": "Bento Brasil"},
        "performer": [{"type": "Practitioner", "display": DOCTOR}],
        "code": {"coding": [{"system": "x", "display": "Hemoglobina Glicada"}]},
    }
    names = _names(planted_bundle(**phone, birthDate="1937-09-23", contained=[related]).decode(), FHIR_JSON)
    assert names >= {NAME, SOCIAL_NAME, CPF, CNS, RECORD, DOCTOR, FREE_TEXT, "1937-09-23", "98123-4567", "Rua X, 1"}
    lines = _names(f"{json.dumps(related)}\n{json.dumps({'resourceType': 'Patient', 'id': '4711'})}\n", content.NDJSON)
    assert lines == {"PRT-99", "Bento Brasil", DOCTOR, "4711"}


def test_messages_name_everybody_in_them() -> None:
    nearby = "NK1|1|Brasil^Bento^^^^^L|FTH|Rua X^^Santos^SP^11000-000|(97) 98123-4567\nZXX|1|valor local"
    batch = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + message() + b"\r" + message(("ZLA|1|", f"{nearby}\nZLA|1|Otto Ohm^"))
    names = _names(batch.decode(), HL7_V2)
    assert names >= {NAME, "Zuleica Xanadu", "Quasimoda", CPF, CNS, RECORD, DOCTOR, "1981-03-14"}
    assert names >= {"Bento Brasil", "Rua X", "11000-000", "(97) 98123-4567", "Otto Ohm"}
    assert not names & {"RFB", "HOSP", "MR", "L", "Hemoglobina"}


def test_a_message_is_read_in_the_characters_of_the_text_that_is_shown() -> None:
    """One that declares Latin-1 and came as UTF-8 would have names that stand nowhere in it."""
    text = message(("UNICODE UTF-8", "8859/1"), ("Xanadu", "Antônia")).decode()
    assert "Zuleica Antônia Quasimoda" in _names(text, HL7_V2)


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (f"{NAME};{CPF}\nBento Brasil;1\n", content.CSV),
        ("nome;cpf\nZuleica;1;2\nBento;3\n", content.CSV),
        ('nome;cpf\n"Zuleica;1\n', content.CSV),
        ("Segue a mensagem:\rMSH|^~\\&|A\rPID|1||||Xanadu^Zuleica\r", content.CSV),
        ('{"nome": "Zuleica"}\n{"nome": \n', content.NDJSON),
        ('{"nome": "Zuleica", "nome": "Bento"}\n', content.NDJSON),
        ('{"x": "Zuleica"}\n', content.NDJSON),
        ('{"resourceType": "Patient", "name": ', FHIR_JSON),
        (message(("Quasimoda", "Quasi\\X6D\\oda")).decode(), HL7_V2),
        (message().decode().replace("\r", " "), HL7_V2),
        (f"nome;laudo\nZuleica;{PACKED * 2}\n", content.CSV),
        ("nome;x\nZu\x00leica;1\n", content.CSV),
        ("<nome>Zuleica</nome>", "text/xml"),
    ],
)
def test_what_cannot_be_searched_stays_inside(text: str, media_type: str) -> None:
    assert people_in(text, media_type) == People(confined=UNREADABLE)


def test_more_people_than_can_be_hidden_stay_inside() -> None:
    def table(rows: int) -> str:
        return "nome;hb\n" + "".join(f"Pessoa{n};7\n" for n in range(rows))

    assert people_in(table(MOST_VALUES), content.CSV).confined == ""
    assert people_in(table(MOST_VALUES + 1), content.CSV) == People(confined=TOO_MANY)
    halves = [People(Identifiers(frozenset(f"{side}{n}" for n in range(MOST_VALUES)))) for side in "ab"]
    assert together(halves).confined == TOO_MANY
    assert together([halves[0], halves[0]]) == halves[0]
    assert together([halves[0], People(confined=UNREADABLE)]).confined == UNREADABLE


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, Holds.PERSON) for name in ("nomePaciente", "PACIENTE", "telefone2", "cod_paciente_nome", "Dt. Nasc.")),
        *((name, Holds.PERSON) for name in ("codigo do paciente", "numero_convenio", "Médico solicitante", "Nome")),
        *((name, Holds.OTHER) for name in ("nome_exame", "idade do paciente", "Estado civil", "data", "Resultado")),
        *((name, Holds.UNKNOWN) for name in ("x1", "", "genitrix")),
    ],
)
def test_a_column_is_known_by_the_words_of_its_name(name: str, expected: Holds) -> None:
    assert holds(name) is expected
