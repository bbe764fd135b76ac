"""A planted identifier stops the text, however it is written; ordinary words do not."""

from __future__ import annotations

import pytest

from shared.clinical.people import Pedido
from shared.errors import ModelRefused
from shared.privacy.identifiers import Identifiers
from shared.privacy.known import identifiers_of
from shared.privacy.outgoing_guard import OutgoingGuard

REQUEST = Pedido.model_validate(
    {
        "paciente": {
            "cpf": "529.982.247-25",
            "prontuario": "PR-77120",
            "nome": "Antônia Zuleide Dias",
            "data_nascimento": "1951-03-04",
            "sexo": "F",
        },
        "profissional": {"nome": "Hermenegildo Prates", "crm": "998877", "uf": "SP"},
        "texto_clinico": "Paciente relata queda da própria altura ontem à noite em casa.",
    }
)


@pytest.fixture
def guard() -> OutgoingGuard:
    return OutgoingGuard(identifiers_of(REQUEST), frozenset({"anemia"}))


@pytest.mark.parametrize(
    "text",
    [
        "caso de ANTONIA",
        "antônia tem anemia",
        "52998224725",
        "CPF 529 982 247 25",
        "prontuário 77120",
        "nascida em 1951-03-04",
        "nascida em 04/03/51",
        "Antô\u200bnia",
        "antoniazuleidedias",
        "Dr. hermenegildo",
        "CRM 998877",
        "relata queda da propria altura, diz o texto",
        "alergia a dipirona, diz a filha (CPF 390.533.447-05)",
        "CPF 39053344705 do acompanhante",
        "CNS 298259791900002",
        "avisar kriptonita@exemplo.com.br",
        "ligar para (11) 98765-4321",
    ],
)
def test_stops_an_identifier(guard: OutgoingGuard, text: str) -> None:
    with pytest.raises(ModelRefused) as caught:
        guard.check(["texto inocente", text])
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "anemia há 10 dias",
        "queda da hemoglobina",
        "sexo F, uf SP",
        "valor de 5299 por mm³",
        "390.533.447-06",
        "tfg 0.39053344705",
    ],
)
def test_lets_findings_through(guard: OutgoingGuard, text: str) -> None:
    guard.check([text])


def test_a_surname_that_is_a_word_of_the_prompts_is_searched_for_in_full() -> None:
    guard = OutgoingGuard(Identifiers(names=frozenset({"Anemia Dias"})), frozenset({"anemia"}))
    guard.check(["anemia grave há dias"])
    with pytest.raises(ModelRefused):
        guard.check(["paciente Anemia Dias"])


def test_a_conversation_is_refused_from_the_message_that_identifies(guard: OutgoingGuard) -> None:
    """What passed is not searched again; what did not pass is, however often it comes."""
    guard.check(["Hemoglobina baixa."])
    for _ in range(2):
        with pytest.raises(ModelRefused):
            guard.check(["Hemoglobina baixa.", "caso de ANTONIA"])
    guard.check(["Hemoglobina baixa."])
