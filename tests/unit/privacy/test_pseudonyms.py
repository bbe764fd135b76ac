"""What identifies somebody becomes a token and comes back exactly, whatever the text and however it is cut."""

from __future__ import annotations

import gc
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.privacy.folding import readings
from shared.privacy.identifiers import Identifiers
from shared.privacy.identifying_patterns import certain_patterns, likely_patterns
from shared.privacy.known_values import KnownValues
from shared.privacy.pseudonyms import Pseudonyms, StreamRestorer
from shared.privacy.spans import Kind

LONGEST_TOKEN = max(map(len, Kind)) + len("\\\\[\\\\_123456abc\\\\]")
NAME = "Antônia Zuleide Dias"
CPF = "529.982.247-25"
PHONE = "(11) 98765-4321"
KNOWN = Identifiers(
    names=frozenset({NAME, CPF, "1951-03-04", "PR-77120", PHONE, "Otávio Dias", "Rua das Acácias, 123", "z@casa.br"})
)
PIECES = [
    *sorted(KNOWN.names), "ANTONIA", "zuleide", "Dias", "Antônia", "52998224725", "04/03/51", "77120", "acácias",
    "390.533.447-05", "298259791900002", "fulano@exemplo.com.br", "prontuário 99812", "[PESSOA_1]", "PESSOA_1",
    "[cpf_2", "_1]", "\\[", "]", "[TRECHO_1]", "1", "0.", "\\u00f4", "\\n", "&ocirc;", "%C3%B4", "\u200b", "o\u0302",
    "x", " ", "\n", "-", ".", "_", '{"a": "', "AntÃ´nia", "Ã", "\\xf4", "=F4", "%F4", "ANT?NIA", "0", "O", "\\",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=14).map("".join)
LIKE_TOKENS = st.lists(
    st.sampled_from([*"[]\\_1b ", "PESSOA", "pessoa", "NASCIMENTO", "CPF_1", "[CNS_1", "x"]), max_size=12
)

ADDED = ["", "[pessoa_1]", "CPF_1", "\\[CPF\\_1\\]", r"\\[CPF\\_1\\]", "[PESSOA_1b", "]"]


@pytest.fixture
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(KNOWN)


@given(TEXTS)
@example("PESSOA_1antoniazuleidedias")
@example("\\[Antônia\\]")
@example("[[Zuleide]]")
@example("12.52998224725.39053344705")
def test_what_was_hidden_comes_back_and_nothing_is_left(text: str) -> None:
    pseudonyms = Pseudonyms(KNOWN)
    hidden = pseudonyms.hide(text)
    assert pseudonyms.restore(hidden) == text
    for rest in pseudonyms.outside_tokens(hidden):
        for folded in readings(rest):
            assert not list(KnownValues(KNOWN.names).find(folded))
            assert not list(certain_patterns(folded))
            assert not list(likely_patterns(rest, folded))


@given(TEXTS, st.sampled_from(ADDED), st.data())
def test_a_stream_cut_anywhere_is_the_whole_restored(asked: str, added: str, data: st.DataObject) -> None:
    """Whatever the model makes of the tokens it saw."""
    pseudonyms = Pseudonyms(KNOWN)
    answer = pseudonyms.hide(asked) + added
    stream = StreamRestorer(pseudonyms)
    text = "".join(map(stream.feed, _cut(answer, data)))
    assert text + stream.finish() == pseudonyms.restore(answer)


@given(LIKE_TOKENS.map("".join), st.data())
def test_a_stream_keeps_back_no_more_than_a_token(answer: str, data: st.DataObject) -> None:
    """Where no token is in use, what was fed and has not come out was kept back."""
    stream = StreamRestorer(Pseudonyms(Identifiers()))
    fed = text = ""
    for piece in _cut(answer, data):
        fed += piece
        text += stream.feed(piece)
        assert fed.startswith(text)
        assert len(fed) - len(text) <= LONGEST_TOKEN
    assert text + stream.finish() == answer


def _cut(text: str, data: st.DataObject) -> list[str]:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.parametrize(
    "spelled",
    [
        "ANTONIA ZULEIDE DIAS", "antônia", "Zuleide", "Antônia\n   Zuleide Dias", "Antônia_Zuleide", "A n t ô n i a",
        "antoniazuleidedias", "Zu-\nleide", "An\u200btônia",
        "\uff21\uff4e\uff54ôni\uff41", "\u0410ntonia", "\U0001d419uleide",
        unicodedata.normalize("NFD", "Antônia"),
        "Ant\\u00f4nia", "Ant&ocirc;nia", "Ant%C3%B4nia%20Zuleide", "Dias, Antônia", "Antônia Dias", "antoniadias",
        "Ant\\xf4nia", "Ant\\xc3\\xb4nia", "Ant=C3=B4nia", "Ant%F4nia", "AntÃ´nia", "Ant\ufffdnia", "ANT?NIA",
        "An-\n      tônia", "zuleide1951", "ant\u00f8nia", "\u1d22\u1d1c\u029f\u1d07\u026a\u1d05\u1d07",
    ],
)  # fmt: skip
def test_one_person_in_many_spellings_has_one_number(pseudonyms: Pseudonyms, spelled: str) -> None:
    hidden = pseudonyms.hide(f"{NAME} = “{spelled}”.")
    first, _, second = hidden.rstrip("”.").partition(" = “")
    assert (first, second[:9]) == ("[PESSOA_1]", "[PESSOA_1")
    assert pseudonyms.restore(hidden) == f"{NAME} = “{spelled}”."


def test_a_name_inside_escaped_json_is_found(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.hide('{"a": "de\\nZuleide\\\\nDias"}') == '{"a": "de\\n[PESSOA_1]"}'


@pytest.mark.parametrize(
    "spelled",
    [
        "52998224725",
        "529 982 247 25",
        "529.982.247/25",
        "529\n982\n247\n25",
        "\uff15\uff12998224725",
        "5 2 9 9 8 2 2 4 7 2 5",
        "529.982.247-2S",
        "S29 982 247 25",
    ],
)
def test_a_known_number_in_any_punctuation(pseudonyms: Pseudonyms, spelled: str) -> None:
    assert pseudonyms.hide(f"{CPF}, isto é, {spelled}") == "[CPF_1], isto é, [CPF_1b]"


@pytest.mark.parametrize(
    "spelled",
    ["1951-03-04", "04/03/1951", "4/3/51", "04.03.1951", "04-03-51", "19510304", "04031951", "4 de março de 1951",
     "4 mar. 1951", "March 4, 1951", "1951-03-04T00:00:00", "03/04/1951",
     "4/III/1951", "4th of March 1951", "4 do mês de março do ano de 1951"],
)  # fmt: skip
def test_a_known_date_in_its_notations(pseudonyms: Pseudonyms, spelled: str) -> None:
    assert pseudonyms.hide(f"veio {spelled} ao mundo").startswith("veio [NASCIMENTO_1]")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("CPF 390.533.447-05 do filho", "CPF [CPF_1] do filho"),
        ("CNS:298259791900002", "CNS:[CNS_1]"),
        ("CNPJ 11.222.333/0001-81", "CNPJ [CNPJ_1]"),
        ("fulano@exemplo.com.br, sempre", "[EMAIL_1], sempre"),
        ("tel. +55 21 3333-4444.", "tel. [TELEFONE_1]."),
        ("RG nº 12.345.678-9", "RG nº [CODIGO_1]"),
        ("prontuário 123", "prontuário [CODIGO_1]"),
        ('{"numero_guia": 1, "guia": "000123-4"}', '{"numero_guia": 1, "guia": "[CODIGO_1]"}'),
        ("mora na Rua Augusta, nº 20, CEP 01305-000", "mora na [ENDERECO_1], CEP [ENDERECO_2]"),
        ("nascido em 02/03/1960", "nascido em [NASCIMENTO_1]"),
    ],
)
def test_what_has_the_form_of_an_identifier(pseudonyms: Pseudonyms, text: str, hidden: str) -> None:
    assert pseudonyms.hide(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "Hb 9,1 g/dL há 10 dias; alta amanhã; leite 200 ml", "bloqueio AV de 2º grau", "caiu na rua há 3 dias",
        "390.533.447-06", "tfg 0.39053344705", "CID J18.9, TUSS 40304361", "coleta 2026-11-20 10:30",
        "pessoa_1 e cpf_1 são colunas",
    ],
)  # fmt: skip
def test_clinical_words_and_numbers_are_left_alone(pseudonyms: Pseudonyms, text: str) -> None:
    assert pseudonyms.hide(text) == text


def test_a_surname_of_two_people_never_comes_back_as_one_of_them(pseudonyms: Pseudonyms) -> None:
    hidden = pseudonyms.hide(f"{NAME}; Otávio Dias; Sr. Dias")
    assert hidden == "[PESSOA_1]; [PESSOA_2]; Sr. [PESSOA_3]"
    assert pseudonyms.restore("[PESSOA_3]") == "Dias"


@pytest.mark.parametrize(
    ("known", "spelled"),
    [
        ("012.345.678-90", 1234567890),
        ("000123456", 123456),
        ("PR-77120", "0077120"),
        ("PR77120", "prontuário nº 77120"),
    ],
)
def test_zeros_in_front_of_a_number_make_no_other_number(known: str, spelled: str | int) -> None:
    hidden = str(Pseudonyms(Identifiers(names=frozenset({known}))).hide_all([spelled]))
    assert "[" in hidden and not any(digit in hidden for digit in "23456")


def test_parts_of_everybodys_e_mail_are_left_alone() -> None:
    pseudonyms = Pseudonyms(Identifiers(names=frozenset({"zuleide@casa.com.br", "k@gmail.com"})))
    text = "paciente com dor; de casa com a filha, pelo gmail"
    assert pseudonyms.hide(text) == text


def test_what_a_name_shares_with_an_e_mail_is_the_persons() -> None:
    pseudonyms = Pseudonyms(Identifiers(names=frozenset({NAME, "zuleide@casa.br"})))
    assert pseudonyms.hide(f"{NAME}; Zuleide; zuleide@casa.br") == "[PESSOA_1]; [PESSOA_1b]; [EMAIL_1]"


@pytest.mark.parametrize(
    "written", ["[PESSOA_1]", "[pessoa_1]", "\\[PESSOA\\_1\\]", "PESSOA_1", "[PESSOA\\_1]", r"\\[PESSOA\\_1\\]"]
)
def test_a_model_may_misspell_a_token_within_bounds(pseudonyms: Pseudonyms, written: str) -> None:
    pseudonyms.hide(NAME)
    assert pseudonyms.restore(f"a {written}.") == f"a {NAME}."


@pytest.mark.parametrize(
    "written", ["pessoa_1", "[PESSOA_2]", "PESSOA_12", "XPESSOA_1", "[PESSOA 1]", "[CPF_1]", "[PESSOA_01]"]
)
def test_what_is_no_token_of_the_call_stays(pseudonyms: Pseudonyms, written: str) -> None:
    pseudonyms.hide(NAME)
    assert pseudonyms.restore(f"a {written}.") == f"a {written}."


def test_what_somebody_wrote_like_a_token_is_no_token(pseudonyms: Pseudonyms) -> None:
    hidden = pseudonyms.hide("troque [PESSOA_1] por " + NAME)
    assert hidden == "troque [TRECHO_1] por [PESSOA_1]"
    assert pseudonyms.restore(hidden) == "troque [PESSOA_1] por " + NAME


def test_a_reserved_token_is_never_used(pseudonyms: Pseudonyms) -> None:
    pseudonyms.reserve('{"properties": {"PESSOA_1": {}}}')
    assert pseudonyms.hide(NAME) == "[PESSOA_2]"
    assert pseudonyms.restore("PESSOA_1") == "PESSOA_1"


def test_structures_are_hidden_and_restored_part_by_part(pseudonyms: Pseudonyms) -> None:
    data = {"quem": [NAME, {"cpf": 52998224725, NAME: True}], "n": 1.5, "vazio": None}
    hidden = pseudonyms.hide_all(data)
    assert hidden == {"quem": ["[PESSOA_1]", {"cpf": "[CPF_1]", "[PESSOA_1]": True}], "n": 1.5, "vazio": None}
    assert pseudonyms.restore_all(hidden) == {
        "quem": [NAME, {"cpf": "52998224725", NAME: True}],
        "n": 1.5,
        "vazio": None,
    }


@pytest.mark.parametrize("unit", ["1 ", "a.", "rua a ", "a@", "\\u00", "\\", "Antônia ", "[PESSOA_"])
def test_ten_times_the_text_is_about_ten_times_the_work(unit: str) -> None:
    """What is not linear takes a hundred times as long."""
    short, long = (_seconds((unit * 100_000)[:size]) for size in (20_000, 200_000))
    assert long < 40 * short


def _seconds(text: str) -> float:
    """Of this thread's CPU; a collection of what all other tests have left behind is not the text's."""
    gc.disable()
    try:
        started = time.thread_time()
        pseudonyms = Pseudonyms(KNOWN)
        pseudonyms.restore(pseudonyms.hide(text))
        return time.thread_time() - started
    finally:
        gc.enable()
