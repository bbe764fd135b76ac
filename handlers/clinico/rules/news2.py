"""NEWS2, the National Early Warning Score 2 (RCP 2017), for patients of 16 years or more who are not pregnant.

A missing parameter leaves the total `nao_calculavel`; nothing is imputed. What is known still counts: no parameter
scores below zero, so the sum of the known points is a lower bound, and a lower bound in the high band is an alert.
Where a scale is missing, the fewest points that any answer could give belong to that bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handlers.clinico.requests import SinaisVitais
from handlers.clinico.rules.coerencia import GLASGOW_OF_NO_ALERT_PATIENT, gestacao_contraditoria
from handlers.clinico.tables import NEWS2, RESPOSTA
from handlers.clinico.tables.instrumentos import points_in
from shared.clinical.notation import contado, escrito
from shared.clinical.people import Paciente
from shared.findings import Avaliacao, Gravidade

_TABLE = NEWS2.current()
_RISK = _TABLE.risco
_BANDS = _TABLE.faixas
_BANDED = ("fr_irpm", "pas_mmhg", "fc_bpm", "temperatura_c")
_ALL = ("fr_irpm", "spo2_pct", "escala_spo2", "o2_suplementar", "pas_mmhg", "fc_bpm", "consciencia", "temperatura_c")

# What no age excuses; rates, pressure and temperature depend on it and need a paediatric table ◇.
_AT_ANY_AGE = ("spo2_pct", "consciencia")
_HARDLY_RESPONDS = ("P", "U")
_WORDS = {
    "fr_irpm": "frequência respiratória",
    "spo2_pct": "saturação",
    "pas_mmhg": "pressão sistólica",
    "fc_bpm": "frequência cardíaca",
    "temperatura_c": "temperatura",
    "consciencia": "consciência",
    "escala_spo2": "escala da saturação",
    "o2_suplementar": "oxigênio suplementar",
}


@dataclass(frozen=True)
class Pontuacao:
    """Points per parameter that could be scored, and the parameters that are missing."""

    pontos: dict[str, int]
    faltam: list[str]

    @property
    def soma(self) -> int:
        """The total when nothing is missing; otherwise its lower bound."""
        return sum(self.pontos.values())

    @property
    def extremos(self) -> list[str]:
        """Parameters that score 3 by themselves."""
        return [campo for campo, valor in self.pontos.items() if valor >= _RISK.parametro_isolado]

    @property
    def risco(self) -> str:
        if self.soma >= _RISK.alto:
            return "alto"
        if self.soma >= _RISK.medio:
            return "medio"
        return "baixo_medio" if self.extremos else "baixo"


def _saturation_points(sinais: SinaisVitais) -> int | None:
    """The fewest points that the scale and oxygen, as far as known, leave possible; None where that says nothing."""
    if sinais.spo2_pct is None:
        return None
    possible = [_BANDS.spo2_escala_1] if sinais.escala_spo2 != 2 else []
    if sinais.escala_spo2 != 1:
        possible += [_BANDS.spo2_escala_2_ar] if not sinais.o2_suplementar else []
        possible += [_BANDS.spo2_escala_2_o2] if sinais.o2_suplementar is not False else []
    fewest = min(points_in(bands, sinais.spo2_pct) for bands in possible)
    return fewest if fewest or len(possible) == 1 else None


def _consciousness_points(sinais: SinaisVitais) -> int | None:
    """Without ACVPU a low Glasgow still says that the patient is not alert ◇; a normal one says nothing."""
    if sinais.consciencia is not None:
        return 0 if sinais.consciencia == "A" else _TABLE.consciencia_alterada
    low = sinais.glasgow is not None and sinais.glasgow <= GLASGOW_OF_NO_ALERT_PATIENT
    return _TABLE.consciencia_alterada if low else None


def pontuar(sinais: SinaisVitais) -> Pontuacao:
    """Score one set of vital signs."""
    pontos = {c: points_in(getattr(_BANDS, c), getattr(sinais, c)) for c in _BANDED if getattr(sinais, c) is not None}
    saturation = _saturation_points(sinais)
    if saturation is not None:
        pontos["spo2_pct"] = saturation
    if sinais.o2_suplementar is not None:
        pontos["o2_suplementar"] = _TABLE.o2_suplementar if sinais.o2_suplementar else 0
    consciousness = _consciousness_points(sinais)
    if consciousness is not None:
        pontos["consciencia"] = consciousness
    return Pontuacao(pontos, [f"sinais_vitais.{c}" for c in _ALL if getattr(sinais, c) is None])


def _reason_not_applicable(paciente: Paciente, idade: int) -> tuple[str, str] | None:
    """The coded reason and its words."""
    if idade < _TABLE.idade_minima_anos:
        return "menor_de_16_anos", "menores de 16 anos: usar escore pediátrico"
    pregnant = paciente.gestante == "sim" and not gestacao_contraditoria(paciente, idade)
    return ("gestante", "gestante: usar escore obstétrico") if pregnant else None


def _pregnancy_unknown(paciente: Paciente, idade: int) -> bool:
    if gestacao_contraditoria(paciente, idade):
        return True
    known = paciente.gestante == "nao" or paciente.sexo == "M"
    return not known and RESPOSTA.current().gestacao.includes(idade)


def avaliar_news2(sinais: SinaisVitais, paciente: Paciente, idade: int, saida: Avaliacao) -> None:
    """Write score, risk and findings into `saida`. `idade` is in completed years at the time of the vital signs."""
    saida.versoes_tabelas |= {"news2": _TABLE.versao, "resposta": RESPOSTA.current().versao_citada}
    pontuacao = pontuar(sinais)
    reason = _reason_not_applicable(paciente, idade)
    if reason:
        _write_not_applicable(reason, pontuacao, sinais, saida)
        return
    if _pregnancy_unknown(paciente, idade):
        # The score is still given: withholding an alert is worse than one that states its condition.
        saida.dados_faltantes.append("paciente.gestante")
        saida.calculos["news2_condicao"] = "valido_somente_se_nao_gestante"
    saida.calculos |= {f"news2_pontos_{campo}": valor for campo, valor in pontuacao.pontos.items()}
    if pontuacao.faltam:
        _write_incomplete(pontuacao, sinais, saida)
    else:
        _write_complete(pontuacao, sinais, saida)


def _write_not_applicable(
    reason: tuple[str, str], pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao
) -> None:
    """No score; but signs that would worry in any adult, or at any age, are not passed over ◇."""
    motivo, words = reason
    saida.calculos |= {"news2": "nao_calculavel", "news2_motivo": motivo}
    saida.nao_avaliado.append(f"news2: não se aplica a {words}")
    if motivo == "gestante" and pontuacao.risco != "baixo":
        _write_pregnant(pontuacao, sinais, saida)
    if motivo == "menor_de_16_anos" and (found := [name for name in pontuacao.extremos if name in _AT_ANY_AGE]):
        _write_child(found, pontuacao, sinais, saida)
    _write_saturation_without_scale(pontuacao, sinais, saida)


def _write_pregnant(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    """Signs in the adults' high band are more than pregnancy explains ◇: they alert, without being a score."""
    which = _names(pontuacao.extremos) or "pela soma, nenhum isolado"
    if pontuacao.risco == "alto":
        texto = f"Gestante com sinais vitais na faixa mais grave de adulto ({which}): avaliação obstétrica imediata."
        _note(saida, "sinais_criticos_gestante", Gravidade.CRITICO, texto, pontuacao, sinais)
    else:
        texto = f"Gestante com sinais vitais extremos para adulto ({which}): avaliação obstétrica urgente."
        _note(saida, "sinais_extremos_gestante", Gravidade.ATENCAO, texto, pontuacao, sinais)


def _write_child(found: list[str], pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    """Pain or nothing as the only response is an emergency at every age ◇."""
    if sinais.consciencia in _HARDLY_RESPONDS:
        texto = f"Menor de 16 anos com consciência {sinais.consciencia} na escala ACVPU: avaliação pediátrica imediata."
        _note(saida, "consciencia_critica_crianca", Gravidade.CRITICO, texto, pontuacao, sinais)
    texto = f"Menor de 16 anos com sinal extremo em qualquer idade ({_names(found)}): avaliação pediátrica urgente."
    _note(saida, "sinais_extremos_crianca", Gravidade.ATENCAO, texto, pontuacao, sinais)


def _write_complete(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    conduta = RESPOSTA.current().conduct(pontuacao.risco, pontuacao.soma)
    saida.calculos |= {
        "news2": pontuacao.soma,
        "news2_risco": pontuacao.risco,
        "news2_reavaliar_em_min": conduta.reavaliar_em_min,
    }
    words = {
        "alto": (Gravidade.CRITICO, "risco alto"),
        "medio": (Gravidade.ATENCAO, "risco médio"),
        "baixo_medio": (Gravidade.INFO, "soma baixa com um parâmetro de 3 pontos"),
        "baixo": (Gravidade.INFO, "risco baixo"),
    }
    gravidade, risco = words[pontuacao.risco]
    codigo = "news2_baixo" if pontuacao.risco == "baixo_medio" else f"news2_{pontuacao.risco}"
    condition = " Válido somente se não houver gestação." if "news2_condicao" in saida.calculos else ""
    texto = f"NEWS2 de {_points(pontuacao.soma)}, {risco}: {conduta.texto}.{condition}"
    _note(saida, codigo, gravidade, texto, pontuacao, sinais)
    if pontuacao.risco != "alto":
        _write_extremes(pontuacao, sinais, saida)


def _write_incomplete(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    saida.calculos |= {"news2": "nao_calculavel", "news2_minimo": pontuacao.soma}
    saida.dados_faltantes += pontuacao.faltam
    faltam = _names([campo.removeprefix("sinais_vitais.") for campo in pontuacao.faltam])
    texto = f"NEWS2 não calculável: falta informar {faltam}; os dados conhecidos somam {_points(pontuacao.soma)}."
    _note(saida, "news2_nao_calculavel", Gravidade.INFO, texto, pontuacao, sinais)
    if pontuacao.risco in ("alto", "medio"):
        gravidade = Gravidade.CRITICO if pontuacao.risco == "alto" else Gravidade.ATENCAO
        conduta = RESPOSTA.current().conduct(pontuacao.risco, pontuacao.soma).texto
        texto = f"NEWS2 de pelo menos {pontuacao.soma} pontos somente com os dados conhecidos: {conduta}."
        _note(saida, f"news2_{pontuacao.risco}_parcial", gravidade, texto, pontuacao, sinais)
    if pontuacao.risco != "alto":
        _write_extremes(pontuacao, sinais, saida)
    _write_saturation_without_scale(pontuacao, sinais, saida)


def _write_saturation_without_scale(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    """Extreme on scale 1, the one for whoever has no prescribed target of 88–92 %: said, but never counted."""
    if sinais.escala_spo2 is not None or sinais.spo2_pct is None or "spo2_pct" in pontuacao.extremos:
        return
    points = points_in(_BANDS.spo2_escala_1, sinais.spo2_pct)
    if points >= _RISK.parametro_isolado:
        texto = (
            f"Saturação de {escrito(sinais.spo2_pct)} % sem escala informada: {_points(points)}, "
            "salvo se a meta prescrita for de 88 a 92 %; revisão urgente."
        )
        _note(saida, "saturacao_baixa_sem_escala", Gravidade.ATENCAO, texto, pontuacao, sinais)


def _write_extremes(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    if pontuacao.extremos:
        texto = f"Parâmetro isolado com 3 pontos no NEWS2 ({_names(pontuacao.extremos)}): revisão urgente."
        _note(saida, "news2_parametro_extremo", Gravidade.ATENCAO, texto, pontuacao, sinais)


def _points(count: int) -> str:
    return contado(count, "ponto", "pontos")


def _names(fields: list[str]) -> str:
    return ", ".join(_WORDS[field] for field in fields)


def _note(
    saida: Avaliacao, codigo: str, gravidade: Gravidade, texto: str, pontuacao: Pontuacao, sinais: SinaisVitais
) -> None:
    evidencia: dict[str, Any] = {"sinais_vitais": sinais.model_dump(include={*_ALL, "glasgow"}, exclude_none=True)}
    evidencia |= {"pontos": pontuacao.pontos, "faltam": pontuacao.faltam}
    evidencia["resposta"] = RESPOSTA.current().versao_citada
    if "news2_condicao" in saida.calculos:
        evidencia["condicao"] = saida.calculos["news2_condicao"]
    saida.anotar(codigo, gravidade, texto, evidencia, _TABLE.fonte, _TABLE.versao)
