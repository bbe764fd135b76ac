"""A hospital's table changes the result and the version that the result names; without it nothing is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handlers.check_tables import main as check
from handlers.configured import configured_domains
from handlers.exames.requests.exame import PedidoExame
from handlers.exames.rules import exame
from handlers.registry import load_domains, load_handlers
from shared.clinical.table_files import InvalidTables
from shared.findings import Avaliacao
from shared.settings import DomainSettings
from tests.architecture.sources import ROOT
from tests.unit.clinico.encounters import encounter
from tests.unit.crews.support import RecordingRun
from tests.unit.exames.hemograms import hemogram
from tests.unit.opme.claims import ITEM, claim
from tests.unit.tables.copies import Supply, shipped

DOMAINS = load_domains(["handlers"])


def judged(domain: str, event: str, request: Any) -> Avaliacao:
    """As the worker would: rules, then the hospital's alert policy."""
    return load_handlers(DOMAINS[domain], ["handlers"])[event].evaluate(request, RecordingRun())


def severity(found: Avaliacao, code: str) -> str | None:
    return next((one.gravidade.value for one in found.achados if one.codigo == code), None)


def test_critical_values_are_the_hospitals(in_force: Supply, tables: Any) -> None:
    request = hemogram(values={"plaquetas": "40"})
    assert judged("exames", "hemograma", request).criticos == []
    content = shipped(tables, "exames/hemograma")
    content["criticos"]["plaquetas"] = {"baixo_le": "50"}
    in_force({"exames/hemograma": content})
    found = judged("exames", "hemograma", request)
    assert [one.codigo for one in found.criticos] == ["critico_plaquetas"]
    version = found.versoes_tabelas["hemograma"]
    assert version.startswith("hospital-x-1@")
    assert all(version in one.versao_regra for one in found.achados)


def test_critical_values_may_depend_on_age(in_force: Supply, tables: Any) -> None:
    newborn, adult = (hemogram(birth, values={"leucocitos": "31"}) for birth in ("2026-11-18", "1992-05-20"))
    content = shipped(tables, "exames/hemograma")
    content["criticos"]["por_idade"] = [
        {"parametro": "leucocitos", "de": "0d", "ate": "1m", "limites": {"alto_ge": "40"}},
        {"parametro": "hemoglobina", "de": "0d", "ate": "1m", "limites": None},
    ]
    assert "critico_leucocitos" in {one.codigo for one in judged("exames", "hemograma", newborn).criticos}
    in_force({"exames/hemograma": content})
    assert judged("exames", "hemograma", newborn).criticos == []
    assert "critico_leucocitos" in {one.codigo for one in judged("exames", "hemograma", adult).criticos}


def test_plausibility_is_the_hospitals(in_force: Supply, tables: Any) -> None:
    in_force({"clinico/sinais": shipped(tables, "clinico/sinais", temperatura_c={"min": "30", "max": "43"})})
    evaluation = judged("clinico", "consulta", encounter(sinais_vitais={"temperatura_c": "44"}))
    assert severity(evaluation, "sinal_nao_interpretado") == "atencao"


def test_the_alert_policy_raises_and_lowers_and_says_so(in_force: Supply, tables: Any) -> None:
    request = encounter(medicamentos=[{"nome": "Dipirona sódica"}], alergias=["dipirona"])
    before = judged("clinico", "consulta", request)
    assert (severity(before, "alergia_possivel"), severity(before, "news2_alto")) == ("atencao", "critico")
    in_force({"clinico/alertas": shipped(tables, "clinico/alertas", criticos=["alergia_possivel"])})
    after = judged("clinico", "consulta", request)
    assert (severity(after, "alergia_possivel"), severity(after, "news2_alto")) == ("critico", "atencao")
    assert [one.id for one in after.achados] == [one.id for one in before.achados]
    changed = next(one for one in after.achados if one.codigo == "news2_alto")
    assert changed.evidencia["gravidade_da_regra"] == "critico"
    assert changed.evidencia["politica_de_alertas"] == after.versoes_tabelas["alertas"]


def test_a_metformin_profile_is_selected_by_table(in_force: Supply, tables: Any) -> None:
    event = DOMAINS["exames"].event("imagem")
    assert event
    request = event.request.model_validate(event.example | {"tipo_exame": "tc", "creatinina_mg_dl": "1.3"})
    assert severity(judged("exames", "imagem", request), "metformina_suspender") is None
    content = shipped(tables, "exames/imagem")
    content["metformina"]["perfil"] = "fda_ue"
    in_force({"exames/imagem": content})
    assert severity(judged("exames", "imagem", request), "metformina_suspender") == "atencao"


CODES = {"versao": "lista-1", "fonte": "Lista oficial de teste", "data": "2026-10-01", "competencia": "2026-10"}


def order(**changes: Any) -> PedidoExame:
    event = DOMAINS["exames"].event("exame")
    assert event
    return PedidoExame.model_validate(event.example | changes)


def test_existence_is_answered_only_by_a_list(in_force: Supply) -> None:
    assert exame.avaliar(order()).calculos["existencia_tuss"] == "nao_verificado"
    in_force({"terminologia/tuss": CODES | {"linhas": [{"codigo": "40304361"}]}})
    known, unknown = exame.avaliar(order()), exame.avaliar(order(codigo="40301630"))
    assert (known.calculos["existencia_tuss"], unknown.calculos["existencia_tuss"]) == ("existe", "inexistente")
    (finding,) = [one for one in unknown.achados if one.codigo == "codigo_inexistente"]
    assert finding.versao_regra == unknown.versoes_tabelas["tuss"]
    assert "2026-10" in finding.descricao
    assert not [line for line in known.nao_avaliado if line.startswith("tuss")]


def test_a_category_exists_where_its_subcategory_does(in_force: Supply) -> None:
    in_force({"terminologia/cid10": CODES | {"linhas": [{"codigo": "R060"}]}})
    assert exame.avaliar(order(cid="R06")).calculos["existencia_cid10"] == "existe"
    assert exame.avaliar(order(cid="R07")).calculos["existencia_cid10"] == "inexistente"
    assert claim_codes(claim(cid="R07.1")) == ["cid"]


def claim_codes(request: Any) -> list[str]:
    found = judged("opme", "solicitacao", request)
    return [one.evidencia["campo"] for one in found.achados if one.codigo == "codigo_inexistente"]


def test_sex_age_and_preparation_come_from_the_catalogue(in_force: Supply, tables: Any) -> None:
    exam = {"nome": "PSA total", "codigos": ["40316149"], "sexo": "M", "idade_min": 40, "preparo": "jejum de 4 horas"}
    in_force({"exames/catalogo": shipped(tables, "exames/catalogo", exames=[exam])})
    found = exame.avaliar(order(codigo="40316149"))
    assert severity(found, "exame_incompativel_sexo") == "atencao"
    assert severity(found, "exame_incompativel_idade") is None
    assert severity(found, "preparo") == "info"
    assert "solicitado_em" in exame.avaliar(order(codigo="40316149", solicitado_em=None)).dados_faltantes


def test_limits_of_the_audit_are_the_hospitals(in_force: Supply, tables: Any) -> None:
    request = claim(itens=[ITEM | {"codigo": "70726108", "quantidade": 10}])
    assert severity(judged("opme", "solicitacao", request), "quantidade_incomum") is None
    in_force({"opme/limites": shipped(tables, "opme/limites", quantidade_incomum_por_item="5")})
    assert severity(judged("opme", "solicitacao", request), "quantidade_incomum") == "atencao"


def test_configured_domains_puts_the_folder_in_force(tmp_path: Path, in_force: Supply, tables: Any, write: Any) -> None:
    write("opme/limites", shipped(tables, "opme/limites", fabricantes_esperados=2))
    configured_domains(DomainSettings(hospital_tables_dir=tmp_path))
    assert tables["opme/limites"].current().fabricantes_esperados == 2
    configured_domains(DomainSettings())
    assert tables["opme/limites"].current().fabricantes_esperados == 3


def test_nothing_is_in_force_after_a_mistake(tmp_path: Path, in_force: Supply, tables: Any, write: Any) -> None:
    write("opme/limites", shipped(tables, "opme/limites", fabricantes_esperados=2))
    write("opme/feriados", {})
    with pytest.raises(InvalidTables):
        configured_domains(DomainSettings(hospital_tables_dir=tmp_path))
    assert tables["opme/limites"].current().fabricantes_esperados == 3


def test_the_command_prints_versions_and_mistakes(
    tmp_path: Path, tables: Any, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    write("opme/limites", shipped(tables, "opme/limites"))
    assert check([str(tmp_path)]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows.keys() == tables.keys()
    assert "hospital-x-1@" in rows["opme/limites"] and rows["opme/limites"].endswith("hospital")
    assert rows["clinico/news2"].endswith("published instrument")
    assert rows["opme/anvisa"].endswith("absent: not evaluated")
    write("opme/limites", {"versao": 1})
    assert check([str(tmp_path)]) == 1
    assert "opme/limites.json: versao" in capsys.readouterr().err


def test_no_process_starts_on_a_broken_table(tmp_path: Path, write: Any) -> None:
    write("opme/limites", json.dumps({"versao": "x"}))
    run = subprocess.run(
        [sys.executable, "-m", "api.main"],
        env={"HOSPITAL_TABLES_DIR": str(tmp_path), "PATH": "", "API_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 1
    assert "opme/limites.json: dispersao_maxima: Field required" in run.stderr
    assert "Traceback" not in run.stderr


# Codes that rules put together from a prefix and what they found.
COMPOSED = ("news2_", "critico_", "queda_", "alta_", "variacao_", "registro_anvisa_", "interacao_")


@pytest.mark.parametrize("domain", ["clinico", "exames", "opme"])
def test_every_alertable_code_is_one_that_rules_write(tables: Any, domain: str) -> None:
    source = "\n".join(file.read_text() for file in (ROOT / "handlers" / domain / "rules").rglob("*.py"))
    policy = tables[f"{domain}/alertas"]
    assert {
        code for code in policy.model.ALERTABLE if not code.startswith(COMPOSED) and f'"{code}"' not in source
    } == set()
    assert policy.shipped().criticos
