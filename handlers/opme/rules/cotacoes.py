"""Quotations: three brands of different manufacturers when available (RN 424/2017), expiry, dispersion of prices.

The norm counts manufacturers, not quotations: three suppliers of one maker are one manufacturer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from handlers.opme.requests import Cotacao, Solicitacao
from handlers.opme.tables.loader import table
from shared.findings import Avaliacao, Gravidade

VERSAO = "opme-cotacoes-1"
_LIMITS = table("limites")
_FONTE_MARCAS = "RN ANS 424/2017; Resolução CFM 2.318/2022"
_LEGAL_FORM = re.compile(r"( (ltda|s a|sa|me|epp|eireli))+$")


def comparavel(nome: str) -> str:
    """A company name without accents, case, punctuation and legal form: `Acme Ltda.` is `ACME`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", nome) if not unicodedata.combining(c))
    return _LEGAL_FORM.sub("", " ".join(re.findall(r"\w+", plain.casefold())))


def distintos(nomes: Iterable[str | None]) -> int:
    """How many different names there are, absent ones aside."""
    return len({comparavel(nome) for nome in nomes if nome})


def dispersao(valores: Sequence[Decimal]) -> Decimal | None:
    """Highest over lowest price, two places; None below two prices."""
    if len(valores) < 2:
        return None
    return (max(valores) / min(valores)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def avaliar_cotacoes(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Write manufacturers, expiry and price dispersion into `saida`."""
    saida.versoes_tabelas["limites"] = _LIMITS["versao"]
    cotacoes = pedido.cotacoes or []
    _write_manufacturers(cotacoes, saida)
    _write_expired(pedido, cotacoes, saida)
    _write_prices([cotacao.valor for cotacao in cotacoes if cotacao.valor is not None], saida)


def _write_manufacturers(cotacoes: list[Cotacao], saida: Avaliacao) -> None:
    numbers: dict[str, int] = {
        "cotacoes": len(cotacoes),
        "fabricantes_distintos": distintos(c.fabricante for c in cotacoes),
        "marcas_distintas": distintos(c.marca for c in cotacoes),
        "fornecedores_distintos": len({c.cnpj for c in cotacoes if c.cnpj}),
    }
    saida.calculos |= numbers
    expected = _LIMITS["fabricantes_esperados"]
    found = min(numbers["fabricantes_distintos"], numbers["marcas_distintas"])
    if found >= expected:
        return
    texto = (
        f"{numbers['fabricantes_distintos']} fabricante(s) e {numbers['marcas_distintas']} marca(s) em {len(cotacoes)} "
        f"cotação(ões); a norma indica {expected} marcas de fabricantes diferentes, quando disponíveis."
    )
    saida.anotar("fabricantes_insuficientes", Gravidade.ATENCAO, texto, dict(numbers), _FONTE_MARCAS, VERSAO)


def _write_expired(pedido: Solicitacao, cotacoes: list[Cotacao], saida: Avaliacao) -> None:
    dia = pedido.data_solicitacao
    if dia is None:
        return
    campos = [f"cotacoes[{i}].validade" for i, c in enumerate(cotacoes) if c.validade is not None and c.validade < dia]
    if campos:
        texto = f"{len(campos)} cotação(ões) vencida(s) na data da solicitação."
        evidencia = {"campos": campos, "data_solicitacao": dia.isoformat()}
        saida.anotar("cotacao_vencida", Gravidade.ATENCAO, texto, evidencia, _LIMITS["fonte"], VERSAO)


def _write_prices(valores: list[Decimal], saida: Avaliacao) -> None:
    if not valores:
        return
    saida.calculos |= {
        "cotacao_minima_brl": min(valores),
        "cotacao_mediana_brl": median(valores),
        "cotacao_maxima_brl": max(valores),
    }
    razao = dispersao(valores)
    saida.calculos["cotacao_razao_max_min"] = razao
    limite = Decimal(_LIMITS["dispersao_maxima"])
    # The exact prices decide; the ratio is rounded for people only.
    if max(valores) > limite * min(valores):
        texto = (
            f"A maior cotação (R$ {max(valores)}) é {razao} vezes a menor (R$ {min(valores)}); limite local {limite}."
        )
        evidencia = {"minima_brl": min(valores), "maxima_brl": max(valores), "razao": razao, "limite": limite}
        saida.anotar("cotacoes_dispersas", Gravidade.ATENCAO, texto, evidencia, _LIMITS["fonte"], _LIMITS["versao"])
