"""Deterministic findings of an admission."""

from __future__ import annotations

from handlers.clinico.requests import Internacao
from handlers.clinico.rules.atendimento import avaliar_atendimento
from shared.clinical.code_existence import avaliar_existencia
from shared.clinical.identifiers import sigtap_check_digit_agrees, tuss_check_digit_agrees
from shared.clinical.terminology import SIGTAP, TUSS
from shared.findings import Avaliacao, Gravidade

VERSAO = "internacao-2"


def avaliar(pedido: Internacao) -> Avaliacao:
    """The encounter's findings with all diagnoses of the admission, and its administrative warnings."""
    saida = avaliar_atendimento(pedido, _diagnoses(pedido), "cids_secundarios")
    _warn_of_check_digit(pedido, saida)
    saida.dados_faltantes += [campo for campo in ("origem", "leito") if getattr(pedido, campo) is None]
    avaliar_existencia(_given(procedimento_sigtap=pedido.procedimento_sigtap), SIGTAP, saida)
    avaliar_existencia(_given(procedimento_tuss=pedido.procedimento_tuss), TUSS, saida)
    saida.nao_avaliado.append("procedimento: compatibilidade com o CID não verificada")
    return saida


def _given(**codes: str | None) -> dict[str, str]:
    return {field: code for field, code in codes.items() if code is not None}


def _diagnoses(pedido: Internacao) -> list[str] | None:
    """Every coded diagnosis once, or None where no list of comorbidities was given."""
    if pedido.cids_secundarios is None and pedido.cids is None:
        return None
    return list(dict.fromkeys([pedido.cid_principal, *(pedido.cids_secundarios or ()), *(pedido.cids or ())]))


def _warn_of_check_digit(pedido: Internacao, saida: Avaliacao) -> None:
    checks = (
        ("procedimento_sigtap", pedido.procedimento_sigtap, sigtap_check_digit_agrees),
        ("procedimento_tuss", pedido.procedimento_tuss, tuss_check_digit_agrees),
    )
    for campo, codigo, agrees in checks:
        if codigo is not None and not agrees(codigo):
            texto = f"O dígito verificador de {campo} não confere; a tabela vigente decide."
            evidencia = {"campo": campo, "codigo": codigo}
            fonte = "Conferência empírica de dígito verificador (SIGTAP out/2025; TUSS tabelas 20 e 22)"
            saida.anotar("procedimento_dv_divergente", Gravidade.INFO, texto, evidencia, fonte, VERSAO)
