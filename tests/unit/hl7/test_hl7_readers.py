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
from tests.unit.hl7.messages import ROUTING, codes, header_of, mapped, request

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


def test_orders_are_exams_or_images_by_their_section():
    exam: Any = request(message("orm_o01_exame.hl7"))
    image: Any = request(message("orm_o01_imagem.hl7"))
    assert (exam.codigo, exam.urgencia, exam.cid) == ("40304361", True, "R06.0")
    assert exam.paciente.nome == "Marina Exemplo Fictícia", "the order is in Latin-1"
    assert (image.tipo_exame, image.regiao, str(image.creatinina_mg_dl)) == ("tc", "abdome total", "2.1")
    assert image.alergia_contraste is True
    assert "contraste" in mapped(message("orm_o01_imagem.hl7")).report.ausentes


def changed(old: bytes, new: bytes, name: str = HEMOGRAM) -> bytes:
    raw = message(name)
    assert raw.count(old) >= 1
    return raw.replace(old, new)


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


@pytest.mark.parametrize("name", ["orm_o01_exame.hl7", "orm_o01_imagem.hl7"])
@pytest.mark.parametrize(
    ("control", "place"), [(b"CA|", "ORC-1"), (b"dc|", "ORC-1"), (b"OC|", "ORC-1"), (b"SC|9|||CA|", "ORC-5")]
)
def test_an_order_that_is_taken_back_is_no_order(name: str, control: bytes, place: str):
    with pytest.raises(UnusableDocument) as refused:
        mapped(changed(b"ORC|NW|", b"ORC|" + control, name))
    assert [(where, what) for where, what, _ in refused.value.items] == [(place, "pedido_nao_vigente")]


def test_every_repetition_of_an_allergy_is_read():
    read: Any = request(changed(b"|^dipirona|", b"|^dipirona~^AAS|", VISIT))
    assert read.alergias == ["dipirona", "AAS"]


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


def test_a_creatinine_in_an_impossible_unit_is_missing_and_the_order_goes_on():
    for old, new, code in (
        (b"|2.1|mg/dL|", b"|186|mg/dL|", "valor_implausivel"),
        (b"|2.1|mg/dL|", b"|2.1|umol/L|", "valor_implausivel"),
        (b"|2.1|mg/dL|", b"|2.1|U/L|", "unidade_desconhecida"),
        (b"|2.1|mg/dL|", b"|2.1||", "unidade_desconhecida"),
    ):
        raw = changed(old, new, "orm_o01_imagem.hl7")
        pedido: Any = request(raw)
        assert pedido.creatinina_mg_dl is None and code in codes(raw)


@pytest.mark.parametrize("unit", ["umol/L", "UMOL/L", "µmol/L", "μmol/l"])
def test_a_creatinine_in_moles_is_brought_to_the_rules_unit(unit: str):
    pedido: Any = request(changed(b"|2.1|mg/dL|", f"|186|{unit}|".encode(), "orm_o01_imagem.hl7"))
    assert pedido.creatinina_mg_dl == Decimal("186") * Decimal("113.122") / 10_000


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
