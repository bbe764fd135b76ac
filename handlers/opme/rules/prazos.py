"""Until when the operator must answer (RN 623/2024), care must happen (RN 566/2022), a tie be broken (CFM 2.318)."""

from __future__ import annotations

from datetime import date

from handlers.opme.requests import Solicitacao
from handlers.opme.rules.feriados import Calendario, calendario_de
from handlers.opme.tables import FERIADOS, PRAZOS
from shared.clinical.notation import dia_escrito
from shared.findings import Avaliacao, Gravidade

_TABLE = PRAZOS.current()
PRAZO_IMEDIATO = "prazo_imediato"
VERSAO = "opme-datas-1"
_DATES = "Regra deste projeto: autorização prévia antecede o procedimento, salvo urgência ◇"


def prazo_de_resposta(pedido: Solicitacao) -> date | None:
    """The last day for the operator's answer, or None where the day of the request is not known."""
    if pedido.data_solicitacao is None:
        return None
    dias = _TABLE.resposta.dias_uteis[pedido.carater]
    return calendario_de(pedido).somar_dias_uteis(pedido.data_solicitacao, dias)


def avaliar_prazos(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Write the deadlines into `saida`: always in business days, as dates where `data_solicitacao` is known."""
    calendario = calendario_de(pedido)
    saida.versoes_tabelas |= {"prazos": _TABLE.versao, "feriados": FERIADOS.current().versao_citada}
    saida.calculos["calendario_uf"] = calendario.uf
    if calendario.uf is None:
        saida.nao_avaliado.append("prazos: feriados estaduais não considerados, UF do estabelecimento não configurada")
    if not calendario.locais:
        saida.nao_avaliado.append(
            "prazos: feriados municipais e pontos facultativos (Carnaval, Corpus Christi) não considerados, "
            "nenhum na tabela do hospital"
        )
    saida.calculos["prazo_desempate_dias_uteis"] = _TABLE.desempate.dias_uteis
    resposta = _TABLE.resposta
    _write_deadline("resposta", resposta.dias_uteis[pedido.carater], resposta.fonte, pedido, calendario, saida)
    if (dias := _TABLE.atendimento.dias_uteis.get(pedido.carater)) is not None:
        _write_deadline("atendimento", dias, _TABLE.atendimento.fonte, pedido, calendario, saida)
    if pedido.data_solicitacao is None:
        saida.dados_faltantes.append("data_solicitacao")
    _write_procedure_before_request(pedido, saida)


def _write_procedure_before_request(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Only what is urgent may be asked for afterwards."""
    asked, planned = pedido.data_solicitacao, pedido.data_procedimento
    if asked is None or planned is None or planned >= asked or pedido.carater == "urgencia":
        return
    texto = (
        f"Procedimento em {dia_escrito(planned)}, antes da solicitação em {dia_escrito(asked)}, "
        "sem caráter de urgência: conferir as datas."
    )
    evidencia = {"data_procedimento": planned.isoformat(), "data_solicitacao": asked.isoformat()}
    saida.anotar("procedimento_antes_do_pedido", Gravidade.ATENCAO, texto, evidencia, _DATES, VERSAO)


def _write_deadline(
    qual: str, dias: int, fonte: str, pedido: Solicitacao, calendario: Calendario, saida: Avaliacao
) -> None:
    dia = pedido.data_solicitacao
    ultimo = None if dia is None else calendario.somar_dias_uteis(dia, dias)
    ate = None if ultimo is None else ultimo.isoformat()
    saida.calculos |= {f"prazo_{qual}_dias_uteis": dias, f"prazo_{qual}_ate": ate}
    evidencia = {"carater": pedido.carater, "dias_uteis": dias, "ate": ate, "uf": calendario.uf}
    evidencia |= {"convencao": "exclui o dia da solicitação"}
    if dias == 0:
        texto = "Caráter de urgência: a resposta da operadora é imediata."
        saida.anotar(PRAZO_IMEDIATO, Gravidade.CRITICO, texto, evidencia, fonte, _TABLE.versao)
        return
    quando = f", até {dia_escrito(ultimo)}" if ultimo else ""
    texto = f"Prazo de {qual} de {dias} dias úteis{quando}."
    saida.anotar(f"prazo_{qual}", Gravidade.INFO, texto, evidencia, fonte, _TABLE.versao)
