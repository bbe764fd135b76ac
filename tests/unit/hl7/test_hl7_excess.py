"""A megabyte of one character: whatever it is, it is read or refused at once. A pattern that backtracks never ends."""

import pytest

from handlers.exames.requests.hemograma import ResultadoParametro
from shared.errors import UnusableDocument
from tests.fixtures.hl7 import HEMOGRAM, read_message
from tests.unit.hl7.messages import mapped

_MANY = 500_000


@pytest.mark.parametrize(
    ("place", "excess"),
    [
        pytest.param(b"|3.9-5.1|", b"|" + b"-" * _MANY + b" a b|", id="reference range"),
        pytest.param(b"|123456^Inventado", b"|" + b"-" * _MANY + b"^Inventado", id="number of the council"),
        pytest.param(b"|3.4|", b"|" + b"\n" * _MANY + b"x|", id="line feeds in a value"),
        pytest.param(b"|3.4|", b"|<" + b" " * _MANY + b"x\ny|", id="spaces behind a comparator"),
        pytest.param(b"|3.4|", b"|" + b"\\X41" * 100_000 + b"|", id="escapes"),
    ],
)
def test_a_long_field_takes_no_longer_than_its_length(place: bytes, excess: bytes):
    raw = read_message(HEMOGRAM)
    assert place in raw
    assert mapped(raw.replace(place, excess, 1)).payload["resultados"]


def test_a_long_native_value_takes_no_longer_than_its_length():
    line = {"parametro": "hemacias", "valor": "<" + " " * _MANY + "x\ny"}
    with pytest.raises(ValueError, match="valor_texto"):
        ResultadoParametro.model_validate(line)


@pytest.mark.parametrize(
    "excess",
    [
        pytest.param(b"A~" * 100_000, id="repetitions"),
        pytest.param(b"\rNTE|1||x" * 50_000, id="segments"),
        pytest.param(b"\rx" * 50_000, id="lines of none"),
    ],
)
def test_more_than_any_message_has_is_refused(excess: bytes):
    with pytest.raises(UnusableDocument) as refused:
        mapped(read_message(HEMOGRAM).replace(b"P-000123", excess, 1))
    assert [code for _, code, _ in refused.value.items] == ["mensagem_grande"]


def test_a_report_names_the_first_places_and_counts_the_others():
    pending = mapped(read_message(HEMOGRAM) + b"\rx" * 300).report.nao_compreendidos
    assert len(pending) == 201
    assert (pending[-1].codigo, pending[-1].onde) == ("relatorio_truncado", "MSH")
