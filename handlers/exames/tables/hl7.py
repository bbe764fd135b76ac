"""What laboratories and imaging systems write into HL7 v2 where they use no LOINC: this hospital's own mnemonics."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from handlers.exames.tables.parameters import Parametro
from shared.clinical.tables import Linha, ShippedTable, Tabela
from shared.hl7.observations import plain


class MnemonicoHemograma(Linha):
    """`parametro` in any unit; where `absoluto` is given, it is meant unless the unit is %."""

    parametro: Parametro
    absoluto: Parametro | None = None
    mnemonicos: Annotated[tuple[str, ...], Field(min_length=1)]

    def meant_in(self, unit: str) -> Parametro:
        """The parameter that a value in `unit` is of."""
        return self.parametro if self.absoluto is None or "%" in unit else self.absoluto


class SecaoImagem(Linha):
    """The `tipo_exame` of a diagnostic section (OBR-24)."""

    tipo: str
    secoes: Annotated[tuple[str, ...], Field(min_length=1)]


class TabelaHl7(Tabela):
    """Compared without case, accents, spaces and punctuation."""

    fonte: str
    paineis: tuple[str, ...] = Field(description="Codes and names of OBR-4 that mean a hemogram or a part of one")
    hemograma: tuple[MnemonicoHemograma, ...]
    imagem: tuple[SecaoImagem, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for rows in ([row.mnemonicos for row in self.hemograma], [row.secoes for row in self.imagem]):
            names = [plain(name) for row in rows for name in row]
            if len(names) != len(set(names)):
                raise ValueError("a mnemonic must lead to one row only")
        return self

    @cached_property
    def _parameters(self) -> dict[str, MnemonicoHemograma]:
        return {plain(name): row for row in self.hemograma for name in row.mnemonicos}

    @cached_property
    def _sections(self) -> dict[str, str]:
        return {plain(name): row.tipo for row in self.imagem for name in row.secoes}

    @cached_property
    def _panels(self) -> frozenset[str]:
        return frozenset(map(plain, self.paineis))

    def is_hemogram(self, name: str) -> bool:
        """Whether a code or name of OBR-4 means a hemogram or a part of one."""
        return plain(name) in self._panels

    def parameter(self, name: str, unit: str) -> Parametro | None:
        """The hemogram parameter that a local code or name means, or None."""
        row = self._parameters.get(plain(name))
        return None if row is None else row.meant_in(unit)

    def imaging_type(self, section: str) -> str | None:
        """The `tipo_exame` of an OBR-24, or None when it is no imaging."""
        return self._sections.get(plain(section))


HL7 = ShippedTable("exames", "hl7", TabelaHl7, Path(__file__).parent)
