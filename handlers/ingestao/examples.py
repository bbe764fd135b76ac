"""One realistic request per event. The people are invented; check digits are right unless a row shows an error."""

from __future__ import annotations

from typing import Any

_PACIENTES = """\
nome;cpf;cns;data_nascimento;sexo
Rosa Ivonete Carrilho;833.686.716-34;133288134140018;1974-09-30;F
Amadeu Tostes Junqueira;800.028.220-83;;25/12/1961;M
Rosa Ivonete Carrilho;83368671634;133288134140018;30/09/1974;F
Creusa Madalena Sobral;123.456.789-00;;1990-02-14;F
"""
_MEDICOS = """\
nome;crm;uf;cns
Otávio Ferraz Lemes;104873;SP;158081376290004
Helena Prado Viana;88214;MG;
Caio Brandt Moura;77102;XX;
"""
_REGISTROS = """\
{"nome": "Rosa Ivonete Carrilho", "cpf": "83368671634", "data_nascimento": "1974-09-30"}
{"nome": "Amadeu Tostes Junqueira", "cpf": "80002822083", "data_nascimento": "1961-12-25"}
"""

PACIENTES: dict[str, Any] = {"formato": "csv", "origem": "sistema de recepção", "arquivo": _PACIENTES}
MEDICOS: dict[str, Any] = {"formato": "csv", "origem": "corpo clínico", "arquivo": _MEDICOS}
INGESTAO: dict[str, Any] = {
    "formato": "ndjson",
    "origem": "sistema legado",
    "arquivo": _REGISTROS,
    "arquivo_sha256": "77f10d87f94e88a4c0de0fc47cd9fdcdcef35ee238d87272f7c565c5c564f73e",
    "estabelecimento": {"cnes": "3512908"},
}
