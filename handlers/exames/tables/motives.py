"""Why a result of a hemogram cannot be interpreted: stable codes and the words for them."""

from __future__ import annotations

from enum import StrEnum


class Motivo(StrEnum):
    """The same codes in findings (`evidencia.motivo`) and in the reports of FHIR and HL7 documents."""

    UNIDADE_DESCONHECIDA = "unidade_desconhecida"
    VALOR_IMPLAUSIVEL = "valor_implausivel"
    NAO_NUMERICO = "nao_numerico"
    REPETIDO_DIVERGENTE = "repetido_divergente"

    @property
    def words(self) -> str:
        """Portuguese, without any value of the document."""
        return _WORDS[self]


_WORDS = {
    Motivo.UNIDADE_DESCONHECIDA: "a unidade não é deste parâmetro, ou não foi informada",
    Motivo.VALOR_IMPLAUSIVEL: "valor implausível na unidade informada",
    Motivo.NAO_NUMERICO: "o resultado não é um número exato",
    Motivo.REPETIDO_DIVERGENTE: "o mesmo parâmetro veio mais de uma vez, com resultados diferentes",
}
