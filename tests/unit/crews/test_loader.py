"""The crews of the four hospital domains are whole, and a mended file is asked for by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handlers.clinico.crew import CREWS as CLINICO
from handlers.crew_runtime.common_tools import COMMON_TOOLS
from handlers.crew_runtime.loader import CrewFileError, load_crews
from handlers.crew_runtime.spec import CrewSpec
from handlers.exames.crew import CREWS as EXAMES
from handlers.ingestao.crew import CREWS as INGESTAO
from handlers.opme.crew import CREWS as OPME
from shared.findings import Avaliacao, Gravidade
from tests.unit.crews.support import finding

JUNTA = ("auditor_administrativo", "auditor_tecnico", "especialista", "conciliador")


@pytest.mark.parametrize(
    ("crews", "event", "agents"),
    [
        (EXAMES, "hemograma", ("analista_laboratorial", "hematologista", "revisor_critico")),
        (EXAMES, "imagem", ("tecnico_seguranca_radiologica", "radiologista_protocolo", "revisor")),
        (EXAMES, "exame", ("analista_solicitacoes",)),
        (CLINICO, "consulta", ("triagem", "clinico", "farmaceutico", "revisor")),
        (CLINICO, "internacao", ("triagem", "clinico", "farmaceutico", "revisor")),
        (CLINICO, "alta", ("clinico", "farmaceutico", "gestor_alta", "revisor")),
        (OPME, "solicitacao", JUNTA),
        (OPME, "protese", JUNTA),
        (OPME, "material", JUNTA),
        (INGESTAO, "pacientes", ("analista_qualidade",)),
    ],
)
def test_agents_of_each_event(crews: dict, event: str, agents: tuple[str, ...]) -> None:
    assert crews[event].agents == agents
    assert crews[event].tasks[0].tools, "the first agent fetches the facts itself"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("agents.yaml", "tasks.yaml"):
        shutil.copy(Path("handlers/exames") / name, tmp_path)
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_hash_follows_every_prompt(folder: Path) -> None:
    before = load_crews(folder, COMMON_TOOLS)
    edit(folder / "tasks.yaml", "nova coleta", "outra coleta")
    after = load_crews(folder, COMMON_TOOLS)
    assert before["hemograma"].prompt_hash != after["hemograma"].prompt_hash
    assert before["imagem"].prompt_hash == after["imagem"].prompt_hash


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("agents.yaml", "    hematologista:", "    outro:", "agents.yaml"),
        ("tasks.yaml", "consultar_achados", "consultar_tudo", "consultar_tudo"),
        ("tasks.yaml", "  imagem:", "  imagens:", "imagens"),
        ("tasks.yaml", "      expected_output: >-", "      expected: >-", "tasks.yaml"),
        ("agents.yaml", 'version: "2"', "version: [", "not YAML"),
        ("tasks.yaml", "      unless: [amostra_inconsistente]", "      unless: amostra", "tasks.yaml"),
        (
            "tasks.yaml",
            "    - agent: analista_laboratorial",
            "    - agent: analista_laboratorial\n      unless: [x]",
            "first and last",
        ),
    ],
)
def test_a_broken_file_is_named(folder: Path, name: str, old: str, new: str, said: str) -> None:
    edit(folder / name, old, new)
    with pytest.raises(CrewFileError, match=said):
        load_crews(folder, COMMON_TOOLS)


def test_a_missing_file_is_asked_for(folder: Path) -> None:
    (folder / "tasks.yaml").unlink()
    with pytest.raises(CrewFileError, match="add .*tasks.yaml"):
        load_crews(folder, COMMON_TOOLS)


def codes(*found: str) -> Avaliacao:
    return Avaliacao(
        achados=[finding(number, Gravidade.ATENCAO, "Achado.", codigo=code) for number, code in enumerate(found, 1)]
    )


@pytest.mark.parametrize(
    ("crew", "found", "idle"),
    [
        (CLINICO["consulta"], ["news2_alto"], {"farmaceutico"}),
        (CLINICO["consulta"], ["news2_alto", "alergia_medicamento"], set()),
        (CLINICO["alta"], ["prescricao_duplicada"], set()),
        (EXAMES["hemograma"], ["critico_plaquetas", "amostra_inconsistente"], {"hematologista"}),
        (EXAMES["hemograma"], ["critico_plaquetas"], set()),
        (OPME["protese"], ["solicitacao_completa", "prazo_resposta"], {"especialista"}),
        (OPME["protese"], ["solicitacao_completa", "cid_incompativel"], set()),
    ],
)
def test_an_agent_with_nothing_to_add_stays_out(crew: CrewSpec, found: list[str], idle: set[str]) -> None:
    assert set(crew.agents) - set(crew.for_case(codes(*found)).agents) == idle
