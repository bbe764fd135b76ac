"""The hemogram table: every configurable number, typed, validated and versioned.

Published critical lists differ, so each hospital keeps its own file with its own `versao`; the default one lies beside
the code. Values are in the canonical units of `parameters.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from handlers.exames.tables.criticos import Criticos, Idade, ParametroCritico
from handlers.exames.tables.parameters import Parametro
from shared.clinical.people import Sexo
from shared.clinical.tables import Linha, Tabela


class ParametroCodificado(Linha):
    """LOINC and UCUM of one parameter."""

    campo: Parametro
    loinc: str | None
    loinc_sem_metodo: str | None
    ucum: str


class Limites(Linha):
    """Inclusive bounds."""

    min: Decimal
    max: Decimal

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


class Plausibilidade(Linha):
    """Bounds outside which a value says that its unit is wrong ◇."""

    fonte: str
    hemacias: Limites
    hemoglobina: Limites
    hematocrito: Limites
    vcm: Limites
    hcm: Limites
    chcm: Limites
    rdw_cv: Limites
    rdw_sd: Limites
    leucocitos: Limites
    plaquetas: Limites
    vpm: Limites
    absolutos: Limites
    percentuais: Limites
    eritroblastos_100leuco: Limites


class IntervaloReserva(Linha):
    """A fallback reference range for ages in [de, ate); a missing side is unknown, not unlimited."""

    parametro: Parametro
    sexo: Sexo | None
    de: Idade
    ate: Idade | None
    min: Decimal | None
    max: Decimal | None
    fonte: str


class GrausAnemia(Linha):
    """Hemoglobin in g/dL: below `corte` anaemia, below the others moderate and severe."""

    grupo: str
    descricao: str
    corte: Decimal
    moderada_lt: Decimal
    grave_lt: Decimal

    @model_validator(mode="after")
    def _descending(self) -> Self:
        if not self.corte > self.moderada_lt > self.grave_lt:
            raise ValueError("corte > moderada_lt > grave_lt is required")
        return self


class GrupoPorIdade(GrausAnemia):
    de: Idade
    ate: Idade | None
    sexo: Sexo | None


class GrupoGestante(GrausAnemia):
    """Completed weeks, both ends included ◇."""

    semana_de: int
    semana_ate: int


class IdadesGestacao(Linha):
    """Completed years, both included, at which an unknown pregnancy that would change the answer is asked about ◇."""

    idade_min: Annotated[int, Field(ge=0, le=120)]
    idade_max: Annotated[int, Field(ge=0, le=120)]


class Anemia(Linha):
    perguntar_gestacao: IdadesGestacao
    fonte: str
    grupos: tuple[GrupoPorIdade, ...]
    gestantes: tuple[GrupoGestante, ...]
    nota_trimestres: str


class Neutropenia(Linha):
    """10*3/uL, exclusive upper ends."""

    leve_lt: Decimal
    moderada_lt: Decimal
    grave_lt: Decimal
    fonte: str


class DesvioEsquerda(Linha):
    imaturos_pct_gt: Decimal
    fonte: str


class Mentzer(Linha):
    vcm_lt: Decimal
    corte: Decimal
    fonte: str


class Eritroblastos(Linha):
    corrigir_ge: Decimal
    fonte: str


class RegraDeTres(Linha):
    diferenca_gt: Decimal
    vcm_min: Decimal
    vcm_max: Decimal
    chcm_min: Decimal
    chcm_max: Decimal


class Consistencia(Linha):
    """Calibrated tolerances; a difference equal to the tolerance is still consistent."""

    vcm_fl: Decimal
    hcm_pg: Decimal
    chcm_gdl: Decimal
    soma_min: Decimal
    soma_max: Decimal
    neutrofilos_abs: Decimal
    chcm_suspeito_gt: Decimal
    regra3: RegraDeTres
    fonte: str


class LimiteDeVariacao(Linha):
    """A change against the previous hemogram that is worth a word: by amount, by share of the former value, or both.

    `sentido` is where the new value lies; `ate_dias` is how old the previous sample may be.
    """

    parametro: Parametro
    sentido: Literal["queda", "alta", "ambos"]
    absoluta: Decimal | None = None
    percentual: Decimal | None = None
    ate_dias: Annotated[int, Field(ge=1, le=3650)]
    conduta: Annotated[str, StringConstraints(min_length=5, max_length=200, pattern=r"^[^.]+$")]

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if self.absoluta is None and self.percentual is None:
            raise ValueError("a limit needs absoluta or percentual")
        return self

    @property
    def codigo(self) -> str:
        """The code of the finding, such as `queda_hemoglobina`."""
        return f"{'variacao' if self.sentido == 'ambos' else self.sentido}_{self.parametro.value}"


class Variacao(Linha):
    """Delta checks; differences in the canonical unit, `percentual` in % of the former value ◇."""

    limites: tuple[LimiteDeVariacao, ...]
    fonte: str


class TabelaHemograma(Tabela):
    """The whole configuration of one hospital's hemogram rules."""

    nome: Literal["hemograma"] = "hemograma"
    parametros: tuple[ParametroCodificado, ...]
    plausibilidade: Plausibilidade
    intervalos_reserva: tuple[IntervaloReserva, ...]
    sem_reserva_na_gestacao: frozenset[Parametro]
    anemia: Anemia
    neutropenia: Neutropenia
    desvio_esquerda: DesvioEsquerda
    mentzer: Mentzer
    eritroblastos: Eritroblastos
    criticos: Criticos
    consistencia: Consistencia
    variacao: Variacao

    @model_validator(mode="after")
    def _every_parameter_is_coded_once(self) -> Self:
        coded = [row.campo for row in self.parametros]
        if sorted(coded) != sorted(Parametro):
            raise ValueError("parametros: each parameter must be coded exactly once")
        return self

    @model_validator(mode="after")
    def _every_critical_value_is_plausible(self) -> Self:
        """A value beyond what is plausible is set aside: a bound out there could never alert."""
        general = [(name, getattr(self.criticos, name)) for name in get_args(ParametroCritico)]
        rows = [*general, *((row.parametro, row.limites) for row in self.criticos.por_idade if row.limites)]
        for name, row in rows:
            limits = self.plausibility_of(Parametro(name))
            bounds = [bound for bound in row.model_dump().values() if bound is not None]
            if not all(limits.min <= bound < limits.max for bound in bounds):
                raise ValueError(f"criticos.{name}: outside plausibilidade, where no value is read")
        return self

    def plausibility_of(self, parameter: Parametro) -> Limites:
        """The plausible bounds of one parameter, or those of its kind."""
        kind = "percentuais" if parameter.endswith("_pct") else "absolutos"
        limits: Limites = getattr(self.plausibilidade, parameter.value, None) or getattr(self.plausibilidade, kind)
        return limits
