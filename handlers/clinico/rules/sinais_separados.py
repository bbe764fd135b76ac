"""Vital signs that cannot be right are set aside and named; the others are judged (decision 0016).

One thermometer typed as 365 must not keep a saturation of 82 % waiting.
"""

from __future__ import annotations

from decimal import Decimal

from handlers.clinico.requests import SinaisVitais
from handlers.clinico.tables import SINAIS
from handlers.clinico.tables.sinais import Limites
from shared.clinical.notation import escrito
from shared.findings import Avaliacao, Gravidade

CODE = "sinal_nao_interpretado"
_CONTRADICTION = "pressao_contraditoria"
_RULE = "Regra deste projeto: sinal que não se interpreta é separado e nomeado, nunca adivinhado"
_WORDS = {
    "fr_irpm": ("Frequência respiratória", "irpm"),
    "spo2_pct": ("Saturação", "%"),
    "pas_mmhg": ("Pressão sistólica", "mmHg"),
    "pad_mmhg": ("Pressão diastólica", "mmHg"),
    "fc_bpm": ("Frequência cardíaca", "bpm"),
    "temperatura_c": ("Temperatura", "°C"),
    "glasgow": ("Glasgow", "pontos"),
}
_SCALE_OF_GLASGOW = Limites(min=Decimal(3), max=Decimal(15))
"""The scale itself ends there: no hospital may move it."""


def separar(sinais: SinaisVitais, saida: Avaliacao) -> SinaisVitais:
    """The signs that can be judged. What was taken out stands in `saida`, one finding per sign."""
    table = SINAIS.current()
    out = {field: value for field in _WORDS if (value := _implausible(sinais, field)) is not None}
    for field, value in out.items():
        name, unit = _WORDS[field]
        limits = _limits(field)
        texto = (
            f"{name} de {escrito(value)} {unit}: valor implausível, aceito de {limits.min} a {limits.max}. "
            "Não entrou em nenhum escore: conferir já no registro de origem."
        )
        evidencia = {"sinal": field, "motivo": "valor_implausivel", "valor": value}
        saida.anotar(CODE, Gravidade.ATENCAO, texto, evidencia, table.fonte, table.versao)
    if out:
        saida.versoes_tabelas["sinais"] = table.versao_citada
    kept = sinais.model_copy(update=dict.fromkeys(out))
    return _without_contradiction(kept, saida)


def _limits(field: str) -> Limites:
    return _SCALE_OF_GLASGOW if field == "glasgow" else SINAIS.current().limits(field)


def _implausible(sinais: SinaisVitais, field: str) -> Decimal | None:
    """The value that is set aside. Glasgow counts in whole points."""
    value: Decimal | None = getattr(sinais, field)
    if value is None:
        return None
    broken = field == "glasgow" and value != int(value)
    limits = _limits(field)
    return value if broken or not limits.min <= value <= limits.max else None


def _without_contradiction(sinais: SinaisVitais, saida: Avaliacao) -> SinaisVitais:
    """A diastolic at or above the systolic: the scores use the systolic, and taking it out could hide an alert."""
    if sinais.pas_mmhg is None or sinais.pad_mmhg is None or sinais.pad_mmhg < sinais.pas_mmhg:
        return sinais
    evidencia = {"pas_mmhg": sinais.pas_mmhg, "pad_mmhg": sinais.pad_mmhg}
    texto = (
        f"Pressão de {escrito(sinais.pas_mmhg)} por {escrito(sinais.pad_mmhg)} mmHg: "
        "a diastólica não pode alcançar a sistólica. Os escores usam a sistólica como veio: medir de novo."
    )
    saida.anotar(_CONTRADICTION, Gravidade.ATENCAO, texto, evidencia, _RULE, "sinais-separados-1")
    return sinais.model_copy(update={"pad_mmhg": None})
