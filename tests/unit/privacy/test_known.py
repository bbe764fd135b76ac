"""Who a request is about is read off its fields, whatever shape it comes in."""

from __future__ import annotations

from datetime import date

from shared.clinical.people import Paciente
from shared.privacy.known import identifiers_of

PATIENT = Paciente.model_validate(
    {
        "cpf": "529.982.247-25",
        "prontuario": "PR-77120",
        "nome": "Antônia Zuleide",
        "data_nascimento": "1951-03-04",
        "sexo": "F",
        "gestante": "nao",
    }
)
NAMES = {"52998224725", "PR-77120", "Antônia Zuleide", "1951-03-04"}


def test_every_value_below_a_person_but_those_that_many_share() -> None:
    assert identifiers_of({"paciente": PATIENT}).names == NAMES


def test_a_mapping_of_plain_values() -> None:
    found = identifiers_of({"paciente": {"nome": "Antônia", "nascido": date(1951, 3, 4), "contatos": [{"fone": "9"}]}})
    assert found.names == {"Antônia", "1951-03-04", "9"}


def test_numbers_of_papers_count_wherever_they_stand() -> None:
    found = identifiers_of({"itens": [{"lote": "L-1", "descricao": "placa"}], "numero_guia": "000123"})
    assert found.names == {"L-1", "000123"}


def test_free_texts_are_quotes_and_name_nobody() -> None:
    patient = {"nao_identificado": {"motivo": "trazida pelo vizinho"}}
    found = identifiers_of({"paciente": patient, "texto_clinico": "caiu em casa"})
    assert (found.names, found.quotes) == (frozenset(), {"trazida pelo vizinho", "caiu em casa"})
