"""Charlson comorbidity index by the ICD-10 prefixes of Quan 2005, with age points (Charlson 1994)."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.clinico.tables import CHARLSON
from shared.clinical.identifiers import cid10_compact
from shared.findings import Avaliacao, Gravidade

_TABLE = CHARLSON.current()
_GROUPS = _TABLE.grupos


def grupos_de(cids: Sequence[str]) -> list[str]:
    """Comorbidity groups of the codes, sorted, after the severe form has superseded the mild one."""
    compact = [cid10_compact(cid) for cid in cids]
    found = {name for name, group in _GROUPS.items() if any(c.startswith(group.prefixos) for c in compact)}
    superseded = {mild for severe, mild in _TABLE.hierarquias if severe in found}
    return sorted(found - superseded)


def pontos_de_idade(idade: int) -> int:
    """One point per decade from 50 years, four at most."""
    rule = _TABLE.idade
    if idade < rule.inicio:
        return 0
    return min((idade - rule.inicio) // rule.anos_por_ponto + 1, rule.maximo)


def sem_subcategoria(cids: Sequence[str]) -> list[str]:
    """Three-character codes that only a subcategory could place (`E11`: with or without complications)."""
    prefixes = [prefix for group in _GROUPS.values() for prefix in group.prefixos]
    return [cid for cid in cids if len(cid) == 3 and any(len(p) > 3 and p.startswith(cid) for p in prefixes)]


def avaliar_charlson(cids: Sequence[str] | None, campo: str, idade: int, saida: Avaliacao) -> None:
    """Write the index into `saida`. `cids` is None when `campo` was not informed; `idade` is in completed years."""
    saida.versoes_tabelas["charlson"] = _TABLE.versao
    if cids is None:
        saida.calculos["charlson"] = "nao_calculavel"
        saida.dados_faltantes.append(campo)
        return
    grupos, anos = grupos_de(cids), pontos_de_idade(idade)
    indice = sum(_GROUPS[grupo].peso for grupo in grupos)
    saida.calculos |= {"charlson": indice, "charlson_pontos_idade": anos, "charlson_ajustado": indice + anos}
    evidencia = {"cids": list(cids), "grupos": grupos, "idade_anos": idade}
    texto = f"Charlson: {indice} ponto(s) em {len(grupos)} grupo(s), mais {anos} pela idade: {indice + anos} ajustado."
    saida.anotar("charlson", Gravidade.INFO, texto, evidencia, _TABLE.fonte, _TABLE.versao)
    _write_unplaced(sem_subcategoria(cids), saida)


def _write_unplaced(cids: list[str], saida: Avaliacao) -> None:
    if cids:
        texto = f"{len(cids)} CID sem subcategoria podem mudar o Charlson: informe o quarto caractere."
        evidencia = {"cids": cids}
        saida.anotar("cid_sem_subcategoria", Gravidade.INFO, texto, evidencia, _TABLE.fonte, _TABLE.versao)
