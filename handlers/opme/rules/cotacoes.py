"""Quotations: three brands of different manufacturers when available (RN 424/2017), expiry, dispersion of prices.

The norm counts manufacturers, not quotations: three suppliers of one maker are one manufacturer. Quotations of
different materials are never compared with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from handlers.opme.requests import Cotacao, Solicitacao
from handlers.opme.rules.nomes import comparavel
from handlers.opme.tables import LIMITES
from shared.clinical.notation import escrito
from shared.findings import Avaliacao, Gravidade

VERSAO = "opme-cotacoes-4"
_FONTE_MARCAS = "RN ANS 424/2017; Resolução CFM 2.318/2022"


def distintos(nomes: Iterable[str | None]) -> int:
    """How many different names there are, absent ones aside."""
    return len({comparavel(nome) for nome in nomes if nome})


def dispersao(valores: Sequence[Decimal]) -> Decimal | None:
    """Highest over lowest price, two places; None below two prices."""
    if len(valores) < 2:
        return None
    return (max(valores) / min(valores)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def por_material(pedido: Solicitacao) -> dict[str, list[Cotacao]] | None:
    """The quotations of each material, under "" where the request has only one; None where nobody said which is which.

    A code that is no material of the request keeps its own group: it is compared with nothing else. A material that
    nobody quoted has a group of none, unless the request is urgent and needs no quotations ◇.
    """
    cotacoes = pedido.cotacoes or []
    materiais = list(dict.fromkeys(item.codigo for item in pedido.itens or () if item.codigo))
    if len(materiais) <= 1:
        return {"": cotacoes}
    if any(cotacao.codigo is None for cotacao in cotacoes):
        return None
    due = cotacoes and pedido.carater != "urgencia"
    groups: dict[str, list[Cotacao]] = {codigo: [] for codigo in materiais} if due else {}
    for cotacao in cotacoes:
        groups.setdefault(str(cotacao.codigo), []).append(cotacao)
    return groups


def avaliar_cotacoes(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Write manufacturers, expiry and price dispersion into `saida`."""
    saida.versoes_tabelas["limites"] = LIMITES.current().versao_citada
    _write_expired(pedido, pedido.cotacoes or [], saida)
    groups = por_material(pedido)
    if groups is None:
        saida.nao_avaliado.append("cotacoes: vários materiais sem o código em cada cotação; marcas e preços à parte")
        saida.dados_faltantes.append("cotacoes[].codigo")
        return
    for codigo, cotacoes in groups.items():
        _write_manufacturers(codigo, cotacoes, saida)
        _write_prices(codigo, [cotacao.valor for cotacao in cotacoes if cotacao.valor is not None], saida)


def _named(name: str, codigo: str) -> str:
    return f"{name}[{codigo}]" if codigo else name


def _of_material(codigo: str) -> str:
    """How a sentence begins that is about one of several materials."""
    return f"Material {codigo}: " if codigo else ""


def _write_manufacturers(codigo: str, cotacoes: list[Cotacao], saida: Avaliacao) -> None:
    numbers: dict[str, int] = {
        "cotacoes": len(cotacoes),
        "fabricantes_distintos": distintos(c.fabricante for c in cotacoes),
        "marcas_distintas": distintos(c.marca for c in cotacoes),
        "fornecedores_distintos": len({c.cnpj for c in cotacoes if c.cnpj}),
    }
    saida.calculos |= {_named(name, codigo): number for name, number in numbers.items()}
    expected = LIMITES.current().fabricantes_esperados
    # Without any quotation at all the gate has named what is missing, or the request is urgent and needs none.
    nothing_to_count = not cotacoes and not codigo
    if nothing_to_count or min(numbers["fabricantes_distintos"], numbers["marcas_distintas"]) >= expected:
        return
    texto = (
        f"{_of_material(codigo)}{numbers['fabricantes_distintos']} fabricante(s) e {numbers['marcas_distintas']} "
        f"marca(s) em {len(cotacoes)} cotação(ões); a norma indica {expected} marcas de fabricantes diferentes, "
        "quando disponíveis."
    )
    evidencia = numbers | ({"codigo": codigo} if codigo else {})
    saida.anotar("fabricantes_insuficientes", Gravidade.ATENCAO, texto, evidencia, _FONTE_MARCAS, VERSAO)


def _write_expired(pedido: Solicitacao, cotacoes: list[Cotacao], saida: Avaliacao) -> None:
    dia = pedido.data_solicitacao
    if dia is None:
        return
    campos = [f"cotacoes[{i}].validade" for i, c in enumerate(cotacoes) if c.validade is not None and c.validade < dia]
    if campos:
        texto = f"{len(campos)} cotação(ões) vencida(s) na data da solicitação."
        evidencia = {"campos": campos, "data_solicitacao": dia.isoformat()}
        saida.anotar("cotacao_vencida", Gravidade.ATENCAO, texto, evidencia, LIMITES.current().fonte, VERSAO)


def _write_prices(codigo: str, valores: list[Decimal], saida: Avaliacao) -> None:
    if not valores:
        return
    razao, tabela = dispersao(valores), LIMITES.current()
    saida.calculos |= {
        _named("cotacao_minima_brl", codigo): min(valores),
        _named("cotacao_mediana_brl", codigo): median(valores),
        _named("cotacao_maxima_brl", codigo): max(valores),
        _named("cotacao_razao_max_min", codigo): razao,
    }
    limite = tabela.dispersao_maxima
    # The exact prices decide; the ratio is rounded for people only.
    if razao is not None and max(valores) > limite * min(valores):
        texto = (
            f"{_of_material(codigo)}{'a' if codigo else 'A'} maior cotação (R$ {escrito(max(valores))}) é "
            f"{escrito(razao)} vezes a menor (R$ {escrito(min(valores))}); limite local {escrito(limite)}."
        )
        evidencia: dict[str, Any] = {
            "minima_brl": min(valores),
            "maxima_brl": max(valores),
            "razao": razao,
            "limite": limite,
        }
        evidencia |= {"codigo": codigo} if codigo else {}
        saida.anotar("cotacoes_dispersas", Gravidade.ATENCAO, texto, evidencia, tabela.fonte, tabela.versao_citada)
