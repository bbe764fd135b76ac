"""The UDI of an implant in GS1 form: check digit of the GTIN, last day of use, batch.

Other issuing agencies (HIBCC, ICCBBA) write it differently: such a text is not evaluated, never called wrong.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from handlers.opme.requests import Protese
from shared.clinical.notation import dia_escrito
from shared.findings import Avaliacao, Gravidade

VERSAO = "opme-udi-1"
_FONTE = "GS1 General Specifications: (01) GTIN com dígito módulo 10, (17) validade, (10) lote ◇"
_FORM = re.compile(r"(?:\([0-9]{2,4}\)[^()]+)+", re.ASCII)
_ELEMENT = re.compile(r"\(([0-9]{2,4})\)([^()]+)", re.ASCII)


def elementos(udi: str) -> dict[str, str] | None:
    """Application identifier → value, or None for a text that is no GS1 element string."""
    text = udi.strip()
    return dict(_ELEMENT.findall(text)) if _FORM.fullmatch(text) and "(01)" in text else None


def gtin_confere(gtin: str) -> bool:
    """14 digits whose last is the modulo 10 of the others, weighted 3 and 1 from the left."""
    if not re.fullmatch(r"[0-9]{14}", gtin, re.ASCII):
        return False
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(gtin[:13]))
    return (10 - weighted % 10) % 10 == int(gtin[13])


def ultimo_dia(validade: str) -> date | None:
    """`AAMMDD` as the last good day; day 00 means the end of the month. None for what is no date."""
    if not re.fullmatch(r"[0-9]{6}", validade, re.ASCII):
        return None
    year, month, day = 2000 + int(validade[:2]), int(validade[2:4]), int(validade[4:])
    if not 1 <= month <= 12:
        return None
    last = monthrange(year, month)[1]
    return date(year, month, day or last) if day <= last else None


def avaliar_udi(pedido: Protese, saida: Avaliacao) -> None:
    """Write what the UDI says of itself, on the day of the procedure."""
    if pedido.udi is None:
        return
    parts = elementos(pedido.udi)
    if parts is None:
        saida.nao_avaliado.append("udi: forma diferente da GS1 com parênteses, não conferida")
        return
    saida.versoes_tabelas["udi"] = VERSAO
    if not gtin_confere(parts["01"]):
        _note("udi_dv_divergente", "O dígito verificador do GTIN no UDI não confere: conferir a leitura.", {}, saida)
    if pedido.lote is not None and "10" in parts and parts["10"].strip() != pedido.lote.strip():
        _note("udi_lote_divergente", "O lote do UDI difere do campo lote: conferir a embalagem.", {}, saida)
    if "17" in parts:
        _write_expiry(ultimo_dia(parts["17"]), pedido.data_procedimento, saida)


def _write_expiry(ate: date | None, dia: date | None, saida: Avaliacao) -> None:
    if ate is None:
        _note("udi_validade_ilegivel", "A validade (17) do UDI não é uma data: conferir a leitura.", {}, saida)
        return
    saida.calculos["udi_valido_ate"] = ate.isoformat()
    if dia is None:
        saida.dados_faltantes += ["data_procedimento"] if "data_procedimento" not in saida.dados_faltantes else []
    elif dia > ate:
        evidencia = {"valido_ate": ate.isoformat(), "data_procedimento": dia.isoformat()}
        texto = f"O implante vence em {dia_escrito(ate)}, antes do procedimento em {dia_escrito(dia)}."
        _note("material_vencido_na_data", texto, evidencia, saida)


def _note(codigo: str, texto: str, evidencia: dict[str, str], saida: Avaliacao) -> None:
    saida.anotar(codigo, Gravidade.ATENCAO, texto, {"campo": "udi"} | evidencia, _FONTE, VERSAO)
