"""What a professional may say about a result, and what an edit is made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.clinical.citations import sentences
from shared.clinical.councils import registration
from shared.clinical.reviewing import PedidoRevisao, check_citations, difference
from shared.errors import InvalidField

SIGNED = {"conselho": "CRM", "registro": "123.456", "uf": "SP"}
RESULT: dict[str, Any] = {"achados": [{"id": "A1"}, {"id": "A2"}], "calculos": {"news2": 7, "soma[x]": 1}}
PHRASES = st.sampled_from(["Plaquetas baixas [A1].", "Repetir a coleta.", "NEWS2 de 7 [C:news2].", "Ver o dr. Silva."])
TEXTS = st.lists(PHRASES, max_size=12).map(" ".join)


def refused(**body: Any) -> dict[str, str]:
    """Field and reason of each refusal."""
    with pytest.raises(ValidationError) as caught:
        PedidoRevisao.model_validate(SIGNED | body)
    return {str(one["loc"][0]): one["msg"] for one in caught.value.errors(include_input=False)}


def test_an_acceptance_needs_no_more_than_a_name() -> None:
    asked = PedidoRevisao.model_validate(SIGNED | {"decisao": "aceito"})
    assert (asked.registro, asked.motivo, asked.parecer) == ("123456", None, None)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"decisao": "rejeitado"}, {"motivo"}),
        ({"decisao": "editado"}, {"motivo", "parecer"}),
        ({"decisao": "editado", "motivo": "x"}, {"parecer"}),
        ({"decisao": "aceito", "parecer": "Um texto."}, {"parecer"}),
        ({"decisao": "rejeitado", "motivo": "x", "parecer": "Um texto."}, {"parecer"}),
        ({"decisao": "editado", "motivo": "x", "parecer": "... !"}, {"parecer"}),
        ({"decisao": "editado", "motivo": " ", "parecer": "Um texto."}, {"motivo"}),
        ({"decisao": "talvez"}, {"decisao"}),
        ({"decisao": "aceito", "uf": "XX"}, {"uf"}),
        ({"decisao": "aceito", "conselho": "OAB"}, {"conselho"}),
        ({"decisao": "aceito", "registro": "doze"}, {"registro"}),
        ({"decisao": "aceito", "assinatura": "x"}, {"assinatura"}),
    ],
)
def test_a_refusal_names_its_field(body: dict[str, Any], fields: set[str]) -> None:
    assert set(refused(**body)) == fields


@pytest.mark.parametrize(
    ("council", "written", "kept"),
    [
        ("CRM", "12.345", "12345"),
        ("CRM", "123456-p", "123456P"),
        ("COREN", "123456-ENF", "123456ENF"),
        ("COREN", "654.321", "654321"),
        ("CRO", "CD-12345", "CD12345"),
        ("CREFITO", "12345-F", "12345F"),
        ("CREFITO", "123-TO", "123TO"),
        ("CRP", "06/12345", "0612345"),
        ("CRF", "1234", "1234"),
    ],
)
def test_a_registration_has_the_form_of_its_council(council: str, written: str, kept: str) -> None:
    assert registration(council, written) == kept


@pytest.mark.parametrize(
    ("council", "written"),
    [
        ("CRM", "12345678"),
        ("CRM", "123456ENF"),
        ("CRM", "000000"),
        ("CREFITO", "12345"),
        ("COREN", "123456P"),
        ("CRF", "１２３"),
        ("CRN", "12a"),
    ],
)
def test_a_registration_of_another_form_is_refused_and_never_repeated(council: str, written: str) -> None:
    with pytest.raises(ValueError) as caught:
        registration(council, written)
    assert written not in str(caught.value)


def test_a_citation_must_lead_somewhere_and_a_sentence_may_do_without() -> None:
    check_citations("Plaquetas baixas [A1]. Vi o paciente. Soma [C:soma[x]].", RESULT)
    with pytest.raises(InvalidField) as caught:
        check_citations("Certo [A2]. Errado [A9]. Sem nada. Errado [C:nada].", RESULT)
    ((field, reason),) = caught.value.fields
    assert field == "parecer"
    assert "(frases: 2, 4)" in reason
    assert "A9" not in reason and "nada" not in reason


@given(TEXTS, TEXTS)
def test_a_difference_holds_both_texts_in_order(draft: str, edited: str) -> None:
    lines = difference(draft, edited)
    assert [line.texto for line in lines if line.mudanca != "acrescentada"] == sentences(draft)
    assert [line.texto for line in lines if line.mudanca != "removida"] == sentences(edited)


@given(TEXTS)
def test_what_nobody_touched_is_kept(text: str) -> None:
    assert {line.mudanca for line in difference(text, text)} <= {"mantida"}
    assert {line.mudanca for line in difference("", text)} <= {"acrescentada"}


def test_what_rests_on_the_professional_alone_is_marked() -> None:
    lines = [line.as_dict() for line in difference("Baixas [A1].", "Baixas [A1]. Vi o paciente. Ver [A2] e [C:news2].")]
    assert [(line["mudanca"], line["citacoes"], line["sem_citacao"]) for line in lines] == [
        ("mantida", ["A1"], False),
        ("acrescentada", [], True),
        ("acrescentada", ["A2", "news2"], False),
    ]


def test_many_equal_sentences_do_not_stall_the_comparison() -> None:
    text = "Sim. " * 4000
    assert len(difference(text, text + "Não.")) >= 4001
