"""What a folder of tables may hold; each mistake is named with its file and field, and nothing is put in force."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.clinical.table_files import InvalidTables, read_folder
from shared.clinical.tables import AnyTable
from tests.architecture.sources import ROOT
from tests.unit.tables.copies import shipped

CODES = {"versao": "cid-2026", "fonte": "DATASUS", "data": "2026-10-01"}


def problems(folder: Path, tables: dict[str, AnyTable]) -> list[str]:
    with pytest.raises(InvalidTables) as refusal:
        read_folder(folder, tables.values())
    assert "HOSPITAL_TABLES_DIR" in str(refusal.value)
    return refusal.value.problems


def test_a_good_table_is_cited_with_the_hash_of_its_bytes(tmp_path: Path, tables: Any, write: Callable) -> None:
    file = write("opme/limites", shipped(tables, "opme/limites", dispersao_maxima="3"))
    (found,) = read_folder(tmp_path, tables.values()).values()
    assert found.versao_citada == f"hospital-x-1@{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}"


def test_a_file_with_a_misspelt_name_is_refused(tmp_path: Path, tables: Any, write: Callable) -> None:
    write("opme/limite", shipped(tables, "opme/limites"))
    assert problems(tmp_path, tables) == ["opme/limite.json: no such table: did you mean opme/limites.json?"]


@pytest.mark.parametrize("key", ["clinico/news2", "clinico/qsofa", "clinico/charlson", "clinico/lace"])
def test_a_published_instrument_cannot_be_changed(tmp_path: Path, tables: Any, write: Callable, key: str) -> None:
    write(key, shipped(tables, key))
    (problem,) = problems(tmp_path, tables)
    assert problem.startswith(f"{key}.json") and "published instrument" in problem


def test_every_mistake_is_named_at_once(tmp_path: Path, tables: Any, write: Callable) -> None:
    write("opme/limites", shipped(tables, "opme/limites", dispersao_maxima="0.5", fabricantes="3"))
    write("opme/feriados", "{")
    write("clinico/sinais", shipped(tables, "clinico/sinais", fc_bpm={"min": "300", "max": "20"}))
    assert [problem.split(": ")[:2] for problem in problems(tmp_path, tables)] == [
        ["clinico/sinais.json", "fc_bpm"],
        ["opme/feriados.json", "not JSON in UTF-8 (JSONDecodeError)"],
        ["opme/limites.json", "dispersao_maxima"],
        ["opme/limites.json", "fabricantes"],
    ]


def test_the_shipped_version_cannot_be_borrowed_for_other_content(tmp_path: Path, tables: Any, write: Callable) -> None:
    version = tables["opme/limites"].shipped().versao
    write("opme/limites", shipped(tables, "opme/limites", versao=version, dispersao_maxima="3"))
    (problem,) = problems(tmp_path, tables)
    assert "give the table a version of its own" in problem
    write("opme/limites", shipped(tables, "opme/limites", versao=version))
    assert read_folder(tmp_path, tables.values())


@pytest.mark.parametrize("version", [None, "", "com espaço", "ç", "x" * 61])
def test_a_version_is_required(tmp_path: Path, tables: Any, write: Callable, version: str | None) -> None:
    content = shipped(tables, "opme/limites", versao=version)
    write("opme/limites", {k: v for k, v in content.items() if v is not None})
    (problem,) = problems(tmp_path, tables)
    assert problem.startswith("opme/limites.json: versao: ")


def test_an_absent_folder_is_a_mistake(tmp_path: Path, tables: Any) -> None:
    assert "no such folder" in problems(tmp_path / "nowhere", tables)[0]


def test_notes_and_hidden_files_are_left_alone(tmp_path: Path, tables: Any) -> None:
    (tmp_path / "LEIA-ME.md").write_text("quem aprovou o quê")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    assert read_folder(tmp_path, tables.values()) == {}


def test_a_published_csv_is_used_as_it_came(tmp_path: Path, tables: Any, write: Callable) -> None:
    source = {"nome": "CID-10-SUBCATEGORIAS.CSV", "separador": ";", "codificacao": "latin-1"}
    source |= {"colunas": {"codigo": "SUBCAT", "descricao": "DESCRICAO"}}
    file = write("terminologia/cid10", CODES | {"arquivo": source})
    (file.parent / source["nome"]).write_bytes(
        "SUBCAT;X;DESCRICAO\nJ189;;Pneumonia não especificada\n".encode("latin-1")
    )
    (table,) = read_folder(tmp_path, tables.values()).values()
    assert (table.existe("J18.9"), table.existe("J18.8")) == (True, False)
    assert table.descricao("J189") == "Pneumonia não especificada"
    first = table.versao_citada
    with (file.parent / source["nome"]).open("ab") as more:
        more.write(b"J188;;Outras\n")
    (changed,) = read_folder(tmp_path, tables.values()).values()
    assert changed.versao_citada != first


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"nome": "cid.csv", "colunas": {"codigo": "CODIGO"}}, "has no column CODIGO"),
        ({"nome": "outra.csv", "colunas": {"codigo": "SUBCAT"}}, "No such file"),
        ({"nome": "../cid.csv", "colunas": {"codigo": "SUBCAT"}}, "nome"),
        ({"nome": "cid.csv", "colunas": {}}, "colunas"),
    ],
)
def test_a_csv_that_does_not_fit_is_named(
    tmp_path: Path, tables: Any, write: Callable, source: dict[str, Any], reason: str
) -> None:
    file = write("terminologia/cid10", CODES | {"arquivo": source})
    (file.parent / "cid.csv").write_text("SUBCAT;DESCRICAO\nJ189;x\n")
    assert reason in problems(tmp_path, tables)[0]


@pytest.mark.parametrize(("odd", "left_out"), [(0, 0), (1, 1), (2, None)])
def test_a_few_odd_rows_of_a_publisher_are_left_out(
    tmp_path: Path, tables: Any, write: Callable, odd: int, left_out: int | None
) -> None:
    source = {"nome": "anvisa.csv", "colunas": {"registro": "N"}}
    file = write("opme/anvisa", CODES | {"arquivo": source})
    rows = [f"8{number:010}" for number in range(199 - odd)] + ["isento"] * odd
    (file.parent / "anvisa.csv").write_text("\n".join(["N", *rows]) + "\n")
    if left_out is None:
        assert problems(tmp_path, tables)[0].startswith("opme/anvisa.json: linhas.197.registro")
        return
    (table,) = read_folder(tmp_path, tables.values()).values()
    assert (table.left_out, len(table.linhas)) == (left_out, 199 - odd)


def test_rows_stand_in_one_place(tmp_path: Path, tables: Any, write: Callable) -> None:
    both = {"arquivo": {"nome": "a.csv", "colunas": {"codigo": "N"}}, "linhas": [{"codigo": "J189"}]}
    write("terminologia/cid10", CODES | both)
    assert "one place only" in problems(tmp_path, tables)[0]


def test_a_row_of_the_hospitals_own_must_be_right(tmp_path: Path, tables: Any, write: Callable) -> None:
    rows = [{"registro": f"8{number:010}"} for number in range(199)] + [{"registro": "isento"}]
    write("opme/anvisa", CODES | {"linhas": rows})
    assert problems(tmp_path, tables)[0].startswith("opme/anvisa.json: linhas.199.registro")


def test_a_csv_that_no_table_names_is_refused(tmp_path: Path, tables: Any) -> None:
    (tmp_path / "cid.csv").write_text("SUBCAT\n")
    assert problems(tmp_path, tables)[0].startswith("cid.csv: no table names this file")


@pytest.mark.parametrize(
    ("key", "change", "field"),
    [
        ("clinico/alertas", {"criticos": ["news2_ato"]}, "criticos"),
        ("clinico/resposta", {"gestacao": {"idade_min": 60, "idade_max": 10}}, "gestacao"),
        ("exames/imagem", {"creatinina": {"validade_dias": 0, "fonte": "x"}}, "creatinina.validade_dias"),
        ("exames/imagem", {"metformina": {"perfil": "eu"}}, "metformina.perfil"),
        ("exames/hemograma", {"parametros": []}, "the whole table"),
        ("exames/catalogo", {"exames": [{"nome": "TSH", "codigos": ["1"]}]}, "exames.0.codigos.0"),
        ("opme/feriados", {"uf": "XX"}, "uf"),
        ("opme/feriados", {"datas": [{"data": "2026-13-01", "nome": "Aniversário"}]}, "datas.0.data"),
        ("opme/compatibilidade", {"competencia": "10/2025"}, "competencia"),
        (
            "opme/compatibilidade",
            {"procedimentos": {"0408040084": {"cids_compativeis": ["M16"], "cids_incompativeis": ["M16"]}}},
            "procedimentos",
        ),
    ],
)
def test_a_wrong_field_is_named(
    tmp_path: Path, tables: Any, write: Callable, key: str, change: dict[str, Any], field: str
) -> None:
    write(key, shipped(tables, key, **change))
    assert field in {problem.split(": ")[1] for problem in problems(tmp_path, tables)}


def test_the_response_is_never_slower_for_a_worse_score(tmp_path: Path, tables: Any, write: Callable) -> None:
    content = shipped(tables, "clinico/resposta")
    content["condutas"]["alto"]["reavaliar_em_min"] = 720
    write("clinico/resposta", content)
    assert "must not grow from baixo to alto" in problems(tmp_path, tables)[0]


def test_the_table_of_the_documentation_is_a_whole_one(tmp_path: Path, tables: Any, write: Callable) -> None:
    page = (ROOT / "docs" / "clinical.md").read_text()
    block = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert block
    file = write("terminologia/cid10", block[1])
    (file.parent / "CID-10-SUBCATEGORIAS.CSV").write_bytes("SUBCAT;DESCRICAO\nA000;Cólera\n".encode("latin-1"))
    (found,) = read_folder(tmp_path, tables.values()).values()
    assert found.descricao("A00.0") == "Cólera"
    named = set(re.findall(r"^\| `([a-z_]+/[a-z0-9_]+)`", page, re.MULTILINE))
    assert named <= tables.keys()
