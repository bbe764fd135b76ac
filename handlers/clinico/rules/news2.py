"""NEWS2, the National Early Warning Score 2 (RCP 2017), for patients of 16 years or more who are not pregnant.

A missing parameter leaves the total `nao_calculavel`; nothing is imputed. What is known still counts: no parameter
scores below zero, so the sum of the known points is a lower bound, and a lower bound in the high band is an alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from handlers.clinico.requests import SinaisVitais
from handlers.clinico.tables.loader import table
from shared.clinical.people import Paciente
from shared.findings import Avaliacao, Gravidade

_TABLE = table("news2")
_RISK = _TABLE["risco"]
_BANDED = ("fr_irpm", "pas_mmhg", "fc_bpm", "temperatura_c")
_ALL = ("fr_irpm", "spo2_pct", "escala_spo2", "o2_suplementar", "pas_mmhg", "fc_bpm", "consciencia", "temperatura_c")
_PREGNANCY_POSSIBLE_YEARS = range(10, 56)  # same ages as the imaging rule (◇)


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
        return [campo for campo, valor in self.pontos.items() if valor >= _RISK["parametro_isolado"]]

    @property
    def risco(self) -> str:
        if self.soma >= _RISK["alto"]:
            return "alto"
        if self.soma >= _RISK["medio"]:
            return "medio"
        return "baixo_medio" if self.extremos else "baixo"


def _band_points(band: str, value: Decimal | int) -> int:
    # Upper limits are inclusive and contiguous: 35.05 °C is above 35.0 and belongs to the next band.
    row = next(row for row in _TABLE["faixas"][band] if row["ate"] is None or value <= Decimal(row["ate"]))
    return int(row["pontos"])


def _saturation_points(sinais: SinaisVitais) -> int | None:
    """None when saturation, its scale or (on scale 2) oxygen is unknown."""
    if sinais.spo2_pct is None or sinais.escala_spo2 is None:
        return None
    if sinais.escala_spo2 == 1:
        return _band_points("spo2_escala_1", sinais.spo2_pct)
    if sinais.o2_suplementar is None:
        return None
    return _band_points("spo2_escala_2_o2" if sinais.o2_suplementar else "spo2_escala_2_ar", sinais.spo2_pct)


def pontuar(sinais: SinaisVitais) -> Pontuacao:
    """Score one set of vital signs."""
    pontos = {c: _band_points(c, getattr(sinais, c)) for c in _BANDED if getattr(sinais, c) is not None}
    saturation = _saturation_points(sinais)
    if saturation is not None:
        pontos["spo2_pct"] = saturation
    if sinais.o2_suplementar is not None:
        pontos["o2_suplementar"] = _TABLE["o2_suplementar"] if sinais.o2_suplementar else 0
    if sinais.consciencia is not None:
        pontos["consciencia"] = 0 if sinais.consciencia == "A" else _TABLE["consciencia_alterada"]
    return Pontuacao(pontos, [f"sinais_vitais.{c}" for c in _ALL if getattr(sinais, c) is None])


def _not_applicable(paciente: Paciente, idade: int) -> str | None:
    if idade < _TABLE["idade_minima_anos"]:
        return "news2: não se aplica a menores de 16 anos"
    return "news2: não se aplica à gestante" if paciente.gestante == "sim" else None


def _pregnancy_unknown(paciente: Paciente, idade: int) -> bool:
    known = paciente.gestante == "nao" or paciente.sexo == "M"
    return not known and idade in _PREGNANCY_POSSIBLE_YEARS


def avaliar_news2(sinais: SinaisVitais, paciente: Paciente, idade: int, saida: Avaliacao) -> None:
    """Write score, risk and findings into `saida`. `idade` is in completed years at the time of the vital signs."""
    saida.versoes_tabelas["news2"] = _TABLE["versao"]
    reason = _not_applicable(paciente, idade)
    if reason:
        saida.calculos["news2"] = "nao_aplicavel"
        saida.nao_avaliado.append(reason)
        return
    if _pregnancy_unknown(paciente, idade):
        # The score is still given: withholding an alert is worse than one that states its condition.
        saida.dados_faltantes.append("paciente.gestante")
        saida.calculos["news2_condicao"] = "valido_somente_se_nao_gestante"
    pontuacao = pontuar(sinais)
    saida.calculos |= {f"news2_pontos_{campo}": valor for campo, valor in pontuacao.pontos.items()}
    if pontuacao.faltam:
        _write_incomplete(pontuacao, sinais, saida)
    else:
        _write_complete(pontuacao, sinais, saida)


def _write_complete(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    saida.calculos |= {"news2": pontuacao.soma, "news2_risco": pontuacao.risco}
    words = {
        "alto": (Gravidade.CRITICO, "risco alto: avaliação de emergência"),
        "medio": (Gravidade.ATENCAO, "risco médio: avaliação urgente"),
        "baixo_medio": (Gravidade.INFO, "soma baixa com um parâmetro de 3 pontos"),
        "baixo": (Gravidade.INFO, "risco baixo"),
    }
    gravidade, texto = words[pontuacao.risco]
    codigo = "news2_baixo" if pontuacao.risco == "baixo_medio" else f"news2_{pontuacao.risco}"
    _note(saida, codigo, gravidade, f"NEWS2 de {pontuacao.soma} pontos, {texto}.", pontuacao, sinais)
    if pontuacao.risco != "alto":
        _write_extremes(pontuacao, sinais, saida)


def _write_incomplete(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    saida.calculos |= {"news2": "nao_calculavel", "news2_minimo": pontuacao.soma}
    saida.dados_faltantes += pontuacao.faltam
    texto = f"NEWS2 não calculável: faltam {len(pontuacao.faltam)} dados; os conhecidos somam {pontuacao.soma} pontos."
    _note(saida, "news2_nao_calculavel", Gravidade.INFO, texto, pontuacao, sinais)
    if pontuacao.risco in ("alto", "medio"):
        gravidade = Gravidade.CRITICO if pontuacao.risco == "alto" else Gravidade.ATENCAO
        texto = f"NEWS2 de pelo menos {pontuacao.soma} pontos somente com os dados conhecidos."
        _note(saida, f"news2_{pontuacao.risco}_parcial", gravidade, texto, pontuacao, sinais)
    if pontuacao.risco != "alto":
        _write_extremes(pontuacao, sinais, saida)


def _write_extremes(pontuacao: Pontuacao, sinais: SinaisVitais, saida: Avaliacao) -> None:
    if pontuacao.extremos:
        texto = f"Parâmetro isolado com 3 pontos no NEWS2 ({', '.join(pontuacao.extremos)}): revisão urgente."
        _note(saida, "news2_parametro_extremo", Gravidade.ATENCAO, texto, pontuacao, sinais)


def _note(
    saida: Avaliacao, codigo: str, gravidade: Gravidade, texto: str, pontuacao: Pontuacao, sinais: SinaisVitais
) -> None:
    evidencia: dict[str, Any] = {"sinais_vitais": sinais.model_dump(include=set(_ALL), exclude_none=True)}
    evidencia |= {"pontos": pontuacao.pontos, "faltam": pontuacao.faltam}
    if "news2_condicao" in saida.calculos:
        evidencia["condicao"] = saida.calculos["news2_condicao"]
    saida.anotar(codigo, gravidade, texto, evidencia, _TABLE["fonte"], _TABLE["versao"])
