"""Findings about codes that the hospital's official lists do not know."""

from __future__ import annotations

from shared.clinical.tables import OptionalTable
from shared.clinical.terminology import TabelaDeCodigos, existencia
from shared.findings import Avaliacao, Gravidade


def avaliar_existencia(codes: dict[str, str], table: OptionalTable[TabelaDeCodigos], saida: Avaliacao) -> None:
    """`codes` is field → code. Without the list every code is `nao_verificado`, never valid."""
    if not codes:
        return
    rows = table.current()
    if rows is None:
        saida.calculos[f"existencia_{table.name}"] = "nao_verificado"
        saida.nao_avaliado.append(f"{table.name}: existência não verificada, sem a tabela oficial; somente o formato")
        return
    saida.versoes_tabelas[table.name] = rows.versao_citada
    unknown = {field: code for field, code in codes.items() if existencia(table, code) == "inexistente"}
    saida.calculos[f"existencia_{table.name}"] = "inexistente" if unknown else "existe"
    for field, code in unknown.items():
        texto = f"O código {code} não existe na tabela {table.name.upper()} de {rows.competencia or rows.data}."
        evidencia = {"campo": field, "codigo": code, "data_tabela": rows.data.isoformat()}
        saida.anotar("codigo_inexistente", Gravidade.ATENCAO, texto, evidencia, rows.fonte, rows.versao_citada)
