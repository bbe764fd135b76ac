"""ANVISA numbers: the format, and a dated snapshot on the procedure's day; nothing is ever called valid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from handlers.opme.rules.registro_anvisa import situacao_do_registro
from handlers.opme.rules.solicitacao import avaliar
from tests.unit.opme.claims import ITEM, claim, codes, without
from tests.unit.tables.copies import Supply


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("80123450017", "nao_verificado"),
        ("10123450017", "nao_verificado"),
        ("8012345-0017", "nao_verificado"),
        ("8012345001", "formato_divergente"),
        ("801234500170", "formato_divergente"),
        ("20123450017", "formato_divergente"),
        ("8012345001A", "formato_divergente"),
        ("isento", "formato_divergente"),
        (None, "ausente"),
    ],
)
def test_status(number: str | None, status: str) -> None:
    assert situacao_do_registro(number, date(2026, 11, 20), None) == status


def test_no_status_says_valid() -> None:
    avaliacao = avaliar(claim())
    assert avaliacao.calculos["itens[0].registro_anvisa"] == "nao_verificado"
    assert any(line.startswith("registro_anvisa") for line in avaliacao.nao_avaliado)
    assert "valido" not in [str(value) for value in avaliacao.calculos.values()]


def test_findings_name_the_items() -> None:
    items = [ITEM | {"registro_anvisa": "123"}, without(ITEM, "registro_anvisa"), ITEM]
    avaliacao = avaliar(claim(itens=items))
    fields = {a.codigo: a.evidencia["campos"] for a in avaliacao.achados if a.codigo.startswith("registro_anvisa")}
    assert fields == {
        "registro_anvisa_formato_divergente": ["itens[0].registro_anvisa"],
        "registro_anvisa_ausente": ["itens[1].registro_anvisa"],
    }
    assert "registro_anvisa_ausente" not in codes(avaliar(claim()))


SNAPSHOT: dict[str, Any] = {
    "versao": "anvisa-2026-11-01",
    "fonte": "Base aberta da Anvisa (TA_PRODUTO_SAUDE_SITE)",
    "data": "2026-11-01",
    "linhas": [
        {
            "registro": "80123450017",
            "valido_desde": "2020-01-10",
            "valido_ate": "31/12/2026",
            "fabricante": "Alfa Ltda",
        },
        {"registro": "80123450018", "valido_ate": "VIGENTE", "fabricante": "ALFA"},
        {"registro": "80123450019", "situacao": "CANCELADO", "valido_ate": "2030-01-01"},
        {"registro": "80123450020"},
        {"registro": "80123450021", "situacao": "suspenso"},
    ],
}


@pytest.mark.parametrize(
    ("number", "day", "status"),
    [
        ("80123450017", "2026-12-31", "vigente_no_retrato"),
        ("80123450017", "2027-01-01", "vencido"),
        ("80123450017", "2020-01-10", "vigente_no_retrato"),
        ("80123450017", "2020-01-09", "vencido"),
        ("80123450018", "2099-01-01", "vigente_no_retrato"),
        ("80123450019", "2026-12-01", "cancelado"),
        ("80123450020", "2026-12-01", "nao_verificado"),
        ("80123450021", "2026-12-01", "suspenso"),
        ("80123459999", "2026-12-01", "nao_verificado"),
    ],
)
def test_status_on_the_day_of_the_procedure(in_force: Supply, number: str, day: str, status: str) -> None:
    in_force({"opme/anvisa": SNAPSHOT})
    found = avaliar(claim(itens=[ITEM | {"registro_anvisa": number}], data_procedimento=day))
    assert found.calculos["itens[0].registro_anvisa"] == status
    assert found.calculos["retrato_anvisa_em"] == "2026-11-01"
    assert found.versoes_tabelas["anvisa"].startswith("anvisa-2026-11-01@")
    assert (f"registro_anvisa_{status}" in codes(found)) is (status in ("vencido", "cancelado", "suspenso"))
    assert any(line.startswith("registro_anvisa") for line in found.nao_avaliado) is (status == "nao_verificado")


@pytest.mark.parametrize(
    ("second", "status"),
    [
        ({"fabricante": "Beta"}, "vigente_no_retrato"),
        ({"valido_ate": "2025-01-01"}, "nao_verificado"),
        ({"situacao": "cancelado"}, "nao_verificado"),
    ],
)
def test_two_rows_of_one_number_count_as_far_as_they_agree(
    in_force: Supply, second: dict[str, str], status: str
) -> None:
    first = SNAPSHOT["linhas"][0]
    in_force({"opme/anvisa": SNAPSHOT | {"linhas": [first, first | second]}})
    found = avaliar(claim(data_procedimento="2026-12-01"))
    assert found.calculos["itens[0].registro_anvisa"] == status


def test_the_day_of_the_procedure_is_asked_for(in_force: Supply) -> None:
    in_force({"opme/anvisa": SNAPSHOT})
    assert "data_procedimento" in avaliar(claim(data_procedimento=None)).dados_faltantes


def test_two_options_of_one_manufacturer(in_force: Supply) -> None:
    options = [ITEM, ITEM | {"registro_anvisa": "80123450018", "opcao_fabricante": 2}]
    assert "opcoes_do_mesmo_fabricante" not in codes(avaliar(claim(itens=options)))
    in_force({"opme/anvisa": SNAPSHOT})
    assert "opcoes_do_mesmo_fabricante" in codes(avaliar(claim(itens=options)))
    assert "opcoes_do_mesmo_fabricante" not in codes(avaliar(claim(itens=[ITEM, ITEM])))


@pytest.mark.parametrize(
    ("afe", "differs"), [("8012345", False), ("8.01234-5", False), ("8012346", True), ("x", False)]
)
def test_the_form_names_the_holder_of_the_registration(afe: str, differs: bool) -> None:
    found = codes(avaliar(claim(itens=[ITEM | {"autorizacao_funcionamento": afe}])))
    assert ("afe_divergente" in found) is differs
