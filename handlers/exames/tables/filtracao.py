"""Published equations of the estimated glomerular filtration. Their constants are the same for every hospital."""

from __future__ import annotations

from decimal import Decimal

from shared.clinical.tables import Linha, Tabela


class ParametrosSexo(Linha):
    kappa: Decimal
    alfa: Decimal


class CkdEpi(Linha):
    """Constants of CKD-EPI 2021; creatinine in mg/dL, age in years, result in mL/min/1.73 m²."""

    fator: Decimal
    expoente_alto: Decimal
    base_idade: Decimal
    fator_mulher: Decimal
    idade_minima: int
    F: ParametrosSexo
    M: ParametrosSexo
    fonte: str


class Schwartz(Linha):
    constante: Decimal
    fonte: str


class TabelaFiltracao(Tabela):
    ckd_epi: CkdEpi
    schwartz: Schwartz
