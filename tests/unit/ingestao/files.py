"""Files for the tests, built row by row. People are invented; check digits are right unless a test breaks them."""

from __future__ import annotations

import json
from typing import Any

from handlers.ingestao.requests import Ingestao, IngestaoMedicos, IngestaoPacientes
from handlers.ingestao.rules import ingestao, medicos, pacientes
from shared.findings import Avaliacao

HEADER = "nome;cpf;cns;data_nascimento;sexo"
ROSA = "Rosa Ivonete Carrilho;833.686.716-34;133288134140018;1974-09-30;F"
AMADEU = "Amadeu Tostes Junqueira;800.028.220-83;;1961-12-25;M"
VALUES = ["Rosa", "Carrilho", "Amadeu", "Junqueira", "833686", "833.686", "133288134140018", "1974", "1961"]


def csv_of(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def ndjson_of(*rows: Any) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows) + "\n"


def patients(text: str, **more: Any) -> Avaliacao:
    body = {"formato": "csv", "origem": "teste", "arquivo": text} | more
    return pacientes.avaliar(IngestaoPacientes.model_validate(body))


def physicians(text: str, **more: Any) -> Avaliacao:
    body = {"formato": "csv", "origem": "teste", "arquivo": text} | more
    return medicos.avaliar(IngestaoMedicos.model_validate(body))


def records(text: str, **more: Any) -> Avaliacao:
    body = {"formato": "ndjson", "origem": "teste", "arquivo": text} | more
    return ingestao.avaliar(Ingestao.model_validate(body))


def counts(avaliacao: Avaliacao) -> tuple[Any, ...]:
    """Read, fit, duplicate, ambiguous, rejected."""
    names = ("linhas_lidas", "linhas_aptas", "linhas_duplicadas", "linhas_ambiguas", "linhas_rejeitadas")
    return tuple(avaliacao.calculos[name] for name in names)


def lines(avaliacao: Avaliacao, code: str) -> list[int]:
    """The line numbers of one finding."""
    (finding,) = [a for a in avaliacao.achados if a.codigo == code]
    found: list[int] = finding.evidencia["linhas"]
    return found
