"""Every hospital event with its own example, and what its result must hold."""

from __future__ import annotations

import copy
import re
from typing import Any, NamedTuple

import yaml

from handlers.registry import load_domains
from shared.clinical.citations import sentences
from tests.architecture.sources import ROOT

DOMAINS = load_domains(["handlers"])
# The others are rules alone, or have a door of their own.
CREWED = {
    f"{file.parent.name}.{event}"
    for file in (ROOT / "handlers").glob("*/tasks.yaml")
    for event in yaml.safe_load(file.read_text())["events"]
}
FOUND = {"achados", "calculos", "dados_faltantes", "nao_avaliado", "versoes_tabelas"}
ENVELOPE = FOUND | {"parecer", "revisao", "proveniencia", "aviso"}
FINDING = {"id", "codigo", "gravidade", "descricao", "evidencia", "fonte", "versao_regra"}
REVIEW = {"estado", "conselho", "registro", "uf", "motivo", "em"}
PROVENANCE = {
    "modelo",
    "provedor",
    "modelos",
    "contingencia",
    "versao_prompt",
    "hash_prompt",
    "hash_entrada",
    "versoes_tabelas",
    "tokens",
    "custo_microusd",
}
_CITED = re.compile(r"\[(A\d+|C:[^\s\]]+\]?)\]")


class Example(NamedTuple):
    name: str
    url: str
    body: dict[str, Any]


def examples() -> list[Example]:
    """One per event of every hospital domain; bodies are the caller's to change."""
    return [
        Example(
            f"{domain.key}.{event.name}",
            f"/api/{domain.key}/{event.path.format(**event.path_example)}",
            copy.deepcopy(event.example),
        )
        for domain in DOMAINS.values()
        for event in domain.events
        if event.path is not None
    ]


def example(name: str) -> Example:
    return next(found for found in examples() if found.name == name)


def assert_envelope(result: dict[str, Any]) -> None:
    """The result of every hospital task, whoever wrote or did not write its opinion."""
    assert set(result) == ENVELOPE
    ids = [finding["id"] for finding in result["achados"]]
    assert ids == [f"A{number}" for number in range(1, len(ids) + 1)]
    for finding in result["achados"]:
        assert set(finding) == FINDING
        assert finding["gravidade"] in {"info", "atencao", "critico"}
        assert all(finding[name] for name in ("codigo", "descricao", "fonte", "versao_regra"))
    assert set(result["revisao"]) == REVIEW
    assert result["revisao"]["estado"] == "pendente"
    assert "Sem validade clínica" in result["aviso"] or "sem validade clínica" in result["aviso"]


def assert_opinion(result: dict[str, Any], provider: str) -> None:
    """Every sentence rests on a finding that exists, and it is said who wrote it."""
    opinion, provenance = result["parecer"], result["proveniencia"]
    ids = {finding["id"] for finding in result["achados"]}
    written = sentences(opinion["texto"])
    assert written
    for sentence in written:
        cited = _CITED.findall(sentence)
        assert cited, sentence
        assert {name for name in cited if not name.startswith("C:")} <= ids
    assert set(opinion["citacoes"]) <= ids and opinion["citacoes"]
    critical = {finding["id"] for finding in result["achados"] if finding["gravidade"] == "critico"}
    assert critical <= set(opinion["citacoes"])
    assert opinion["agentes"]
    assert set(provenance) == PROVENANCE
    assert provenance["provedor"] == provider
    assert provenance["tokens"]["calls"] > 0
    assert isinstance(provenance["custo_microusd"], int)
    assert [used["provedor"] for used in provenance["modelos"]] == [provider]
