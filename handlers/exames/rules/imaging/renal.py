"""Estimated glomerular filtration from creatinine: CKD-EPI 2021 for adults, bedside Schwartz for children."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from handlers.exames.requests.imagem import PedidoImagem
from handlers.exames.tables import FILTRACAO
from shared.clinical.ages import age_in_years
from shared.clinical.people import Sexo

_TABLE = FILTRACAO.current()


@dataclass(frozen=True)
class Filtracao:
    """eGFR in mL/min/1.73 m², unrounded, with the formula that gave it; or the fields whose absence prevented it.

    `below_validated_age`: bedside Schwartz was fitted to children from 1 year on (Schwartz et al. 2009 ◇).
    """

    value: Decimal | None
    source: str | None
    missing: tuple[str, ...]
    below_validated_age: bool = False


def ckd_epi_2021(creatinine: Decimal, age: int, sex: Sexo) -> Decimal:
    """142 x min(Scr/k,1)^a x max(Scr/k,1)^-1.200 x 0.9938^age x 1.012 if female. mg/dL and completed years."""
    rows = _TABLE.ckd_epi
    of_sex = rows.F if sex == "F" else rows.M
    ratio, one = creatinine / of_sex.kappa, Decimal(1)
    value = rows.fator * min(ratio, one) ** of_sex.alfa * max(ratio, one) ** rows.expoente_alto * rows.base_idade**age
    return value * rows.fator_mulher if sex == "F" else value


def schwartz(creatinine: Decimal, height_cm: Decimal) -> Decimal:
    """0.413 x cm / Scr (mg/dL) ◇."""
    return _TABLE.schwartz.constante * height_cm / creatinine


def filtration(request: PedidoImagem) -> Filtracao:
    """The patient's eGFR on the day of the creatinine, else on the day of the order; never with a guessed age."""
    creatinine, patient = request.creatinina_mg_dl, request.paciente
    if creatinine is None:
        return Filtracao(None, None, ("creatinina_mg_dl",))
    moment = request.creatinina_em or request.solicitado_em
    if moment is None:
        return Filtracao(None, None, ("creatinina_em",))
    age = age_in_years(patient.data_nascimento, moment.date())
    if age >= _TABLE.ckd_epi.idade_minima:
        return Filtracao(ckd_epi_2021(creatinine, age, patient.sexo), _TABLE.ckd_epi.fonte, ())
    if patient.altura_cm is None:
        return Filtracao(None, None, ("paciente.altura_cm",))
    return Filtracao(schwartz(creatinine, patient.altura_cm), _TABLE.schwartz.fonte, (), below_validated_age=age < 1)


def creatinine_age_days(request: PedidoImagem) -> int | None:
    """Days from the creatinine to the request, 0 where it was taken later; None where either date is missing."""
    if request.creatinina_em is None or request.solicitado_em is None:
        return None
    return max((request.solicitado_em - request.creatinina_em).days, 0)
