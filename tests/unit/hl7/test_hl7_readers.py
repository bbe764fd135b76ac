"""Each kind of message as the request that it means, and the reservations its report makes."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from handlers.exames.rules.hemograma.evaluation import avaliar
from handlers.registry import load_domains
from shared.errors import UnusableDocument
from shared.hl7.routing import Destination, Routing
from tests.fixtures.hl7 import HEMOGRAM, NAMES
from tests.fixtures.hl7 import read_message as message
from tests.unit.hl7.messages import ROUTING, changed, codes, header_of, mapped, request

DOMAINS = load_domains(["handlers"])


@pytest.mark.parametrize("name", NAMES)
def test_every_fixture_goes_to_an_event_and_is_a_valid_request(name: str):
    domain, event, _ = ROUTING.of(header_of(message(name)), message(name))
    assert name.endswith(f"_{event.name}.hl7") and domain.key in ("clinico", "exames")
    assert request(message(name))


def test_the_hemogram_is_the_one_of_the_native_example():
    event = DOMAINS["exames"].event("hemograma")
    assert event
    native = event.request.model_validate(event.example).model_dump()
    read = request(message(HEMOGRAM)).model_dump()
    different = {field for field in native if native[field] != read[field]}
    # A message brings one hemogram, and this one neither weight nor height.
    assert different == {"paciente", "anterior"}
    assert {field for field in native["paciente"] if native["paciente"][field] != read["paciente"][field]} == {
        "peso_kg",
        "altura_cm",
    }


def test_the_hemograms_report_names_places_and_reservations():
    found = mapped(message(HEMOGRAM))
    pairs = {entry.para: entry.de for entry in found.report.mapeados}
    assert pairs["paciente.cpf"] == "PID-3[2].1"
    assert pairs["resultados.0.valor"] == "OBX-5" and pairs["resultados.1.valor"] == "OBX#2-5"
    assert pairs["equipamento"].startswith("OBX-18")
    assert codes(message(HEMOGRAM)) == {
        "resultado_corrigido": "OBX#13-11",
        "fuso_presumido": "OBR-7.1",
        "segmento_z": "ZLA",
    }


@pytest.mark.parametrize(
    ("old", "new", "place", "code"),
    [
        (b"\nPID|", b"\nZID|", "PID", "segmento_ausente"),
        (b"\nPV1|", b"\nPID|2||9^^^H^MR||Outra^Pessoa||19900101|M\nPV1|", "PID#2", "varios_pacientes"),
        (b"\nOBR|", b"\nZBR|", "OBR", "segmento_ausente"),
        (b"ORU^R01^ORU_R01", b"ORU^R30", "MSH-9", "evento_nao_aceito"),
        (b"ORU^R01^ORU_R01", b"QRY^A19", "MSH-9", "tipo_nao_aceito"),
        (b"ORU^R01^ORU_R01", b"", "MSH-9", "tipo_nao_aceito"),
    ],
)
def test_a_message_that_cannot_be_used_says_where(old: bytes, new: bytes, place: str, code: str):
    with pytest.raises(UnusableDocument) as refused:
        mapped(changed(old, new))
    assert [(where, what) for where, what, _ in refused.value.items] == [(place, code)]


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (b"|L|||F\nOBX|3|", b"|L|||P\nOBX|3|", "resultado_preliminar", "OBX#2-11"),
        (b"11.5-14.9|", b"normal|", "referencia_nao_compreendida", "OBX#2-7"),
        (b"OBX|12|NM|BASO^Bas\xc3\xb3filos^L", b"OBX|12|NM|XYZ^Outro^L", "parametro_desconhecido", "OBX#12-3"),
        (b"HOSP^MR~", b"HOSP^MR~77^^^X^PASSAPORTE~", "identificador_nao_compreendido", "PID-3[2]"),
        (b"^^^Dr.^^^CRM-SP", b"^^^Dr.", "profissional_incompleto", "OBR-16"),
        (b"\nORC|", b"\nNK1|1|mae\nORC|", "segmento_nao_usado", "NK1"),
    ],
)
def test_what_was_not_understood_is_reported_and_the_rest_goes_on(old: bytes, new: bytes, code: str, place: str):
    raw = changed(old, new)
    assert codes(raw)[code] == place
    assert request(raw)


@pytest.mark.parametrize(
    ("old", "new", "code", "place", "read"),
    [
        (b"||^12|", b"||<^12|", "valor_com_comparador", "OBX#13-5", {"comparador": "<"}),
        (b"||10.2|", b"||hemolisado|", "nao_numerico", "OBX#2-5", {"valor_texto": "hemolisado"}),
        (b"||10.2|", b"||" + b"ver laudo " * 30 + b"|", "nao_numerico", "OBX#2-5", {"valor": None}),
        (b"||10.2|", b"||1" + b"0" * 30 + b"|", "nao_numerico", "OBX#2-5", {"valor": None}),
        (b"||5200|", b"||5.200|", "nao_numerico", "OBX#6-5", {"valor_texto": "5.200"}),
        (b"|10.2|g/dL|", b"|10.2|g/mL|", "unidade_desconhecida", "OBX#2-6", {"unidade": "g/mL"}),
        (b"|10.2|g/dL|", b"|10.2|" + b"g" * 300 + b"|", "unidade_desconhecida", "OBX#2-6", {"unidade": "g" * 120}),
        (b"|10.2|g/dL|", b"|10.2||", "unidade_desconhecida", "OBX#2-6", {"unidade": None}),
        (b"|10.2|g/dL|", b"|102|g/dL|", "valor_implausivel", "OBX#2-5", {"valor": 102}),
        (b"11.5-14.9|L", b"14.9-11.5|L", None, "", {"ref_min": Decimal("14.9")}),
        (b"ZLA|", b"OBX|20|NM|777-3^P^LN||250|10*3/uL|||||C\nZLA|", "resultado_repetido", "OBX#15-5", {}),
        (b"||^12|", b"||^250~^12|", "resultado_repetido", "OBX#13-5[2]", {"valor": 12}),
    ],
)
def test_one_bad_result_is_passed_on_as_it_is_and_the_critical_platelets_still_alert(
    old: bytes, new: bytes, code: str | None, place: str, read: dict[str, Any]
):
    raw = changed(old, new)
    assert code is None or codes(raw)[code] == place
    pedido: Any = request(raw)
    assert any(line.model_dump().items() >= read.items() for line in pedido.resultados)
    evaluation = avaliar(pedido)
    assert [finding.codigo for finding in evaluation.criticos] == ["critico_plaquetas"]
    named = {finding.codigo for finding in evaluation.achados if "_interpretad" in finding.codigo}
    assert named or pedido.resultados[12].comparador, "a bound below the critical limit is an answer, not a question"


@pytest.mark.parametrize(
    ("old", "new", "place", "field", "kept"),
    [
        (b"\nZLA|", b"\nNTE|1|L|" + b"x" * 20_001 + b"\nZLA|", "NTE-3", "texto_clinico", "x" * 20_000),
        (b"\nZLA|", b"\nNTE|1|L|folha 1\x0cfolha 2\nZLA|", "NTE-3", "texto_clinico", "folha 1 folha 2"),
        (b"sangue total EDTA", b"sangue\x07" + b"g" * 200, "OBR-15.1", "amostra", "sangue" + "g" * 114),
        (b"|||||||analisador", b"|||||||" + b"a" * 130 + b"|", "OBX-18", "equipamento", "a" * 120),
    ],
)
def test_a_long_or_unprintable_remark_delays_no_result(old: bytes, new: bytes, place: str, field: str, kept: str):
    raw = changed(old, new)
    read: Any = request(raw)
    assert getattr(read, field) == kept and len(read.resultados) == 13
    assert codes(raw)["texto_reduzido"] == place


@pytest.mark.parametrize("status", [b"D", b"X", b"W"])
def test_a_result_that_no_longer_holds_is_not_used(status: bytes):
    raw = changed(b"LL|||C", b"LL|||" + status)
    read: Any = request(raw)
    assert "plaquetas" not in [line.parametro for line in read.resultados]
    assert {"resultado_excluido", "resultado_nao_obtido"} & codes(raw).keys()


def test_a_correction_replaces_the_earlier_result_whatever_their_order():
    earlier = b"OBX|13|NM|777-3^Plaquetas^LN||120|mil/mm\xc2\xb3||||P|F\n"
    for raw in (changed(b"ZLA|", earlier + b"ZLA|"), changed(b"OBX|13|", earlier + b"OBX|13|")):
        read: Any = request(raw)
        assert [str(line.valor) for line in read.resultados if line.parametro == "plaquetas"] == ["12"]


def test_another_report_in_the_message_is_not_mixed_into_the_hemogram():
    urine = b"OBR|2|PED2|LAB2|EAS^Urina^L|||20261120081000\nOBX|1|NM|HB^Hemoglobina^L||1|g/dL|||||F\nZLA|"
    raw = changed(b"ZLA|", urine)
    read: Any = request(raw)
    assert [str(line.valor) for line in read.resultados if line.parametro == "hemoglobina"] == ["10.2"]
    assert codes(raw)["exame_nao_usado"] == "OBR#2-4"


def test_a_hemogram_reported_in_its_parts_is_one():
    parts = {b"OBX|6|": b"OBR|2|PED1|LAB1|LEU^Leucograma^L", b"OBX|13|": b"OBR|3|PED1|LAB1|PL^Contagem de plaquetas^L"}
    raw = changed(b"58410-2^Hemograma^LN", b"ERI^Eritrograma^L")
    for before, order in parts.items():
        raw = raw.replace(before, order + b"|||20261120081000\n" + before)
    whole: Any = request(message(HEMOGRAM))
    read: Any = request(raw)
    assert read.resultados == whole.resultados and "exame_nao_usado" not in codes(raw)


def test_two_collections_in_one_message_are_refused():
    second = b"OBR|2|PED2|LAB2|58410-2^Hemograma^LN|||20261121081000\nOBX|1|NM|HB^Hb^L||9|g/dL|||||F\nZLA|"
    with pytest.raises(UnusableDocument) as refused:
        mapped(changed(b"ZLA|", second))
    assert refused.value.items[0][:2] == ("OBR#2-7", "varias_coletas")


def test_a_patient_without_cpf_and_cns_is_said_to_have_none_in_the_message():
    read: Any = request(changed(b"~529.982.247-25^^^RFB^CPF", b""))
    assert read.paciente.cpf is None and read.paciente.nao_identificado.motivo == "mensagem HL7 sem CPF e sem CNS"


def test_a_message_cut_in_a_number_is_refused_although_the_number_reads_well():
    raw = message(HEMOGRAM)
    cut = raw[: raw.index(b"OBX|2|NM") + len(b"OBX|2|NM|718-7^Hemoglobina^LN||1")]
    with pytest.raises(UnusableDocument) as refused:
        mapped(cut)
    assert refused.value.items[0][:2] == ("OBX#2-11", "segmento_truncado")


def test_the_hospitals_zone_is_a_setting(monkeypatch: pytest.MonkeyPatch):
    manaus = SimpleNamespace(platform=SimpleNamespace(hospital_timezone="America/Manaus"))
    monkeypatch.setattr("shared.hl7.times.settings", lambda: manaus)
    read: Any = request(message(HEMOGRAM))
    assert read.coleta_em.utcoffset().total_seconds() == -4 * 3600


def test_two_domains_that_claim_one_message_fail_at_start():
    clinico, exames = DOMAINS["clinico"], DOMAINS["exames"]
    readers = {"consulta": mapped}
    with pytest.raises(ValueError, match="clinico and to exames"):
        Routing(
            [Destination(clinico, {"ADT^A04": "consulta"}, readers), Destination(exames, {"ADT^A04": "x"}, readers)]
        )


def test_a_route_to_an_event_without_a_reader_fails_at_start():
    with pytest.raises(ValueError, match="no reader of HL7 v2"):
        Routing([Destination(DOMAINS["clinico"], {"ADT^A04": "consulta"}, {})])
