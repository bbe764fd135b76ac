"""One message as its crew may see it: findings and calculations, an age group, a sex. Nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from handlers.crew_runtime.quantities import Language
from shared.clinical.ages import age_in_years
from shared.findings import Achado, Avaliacao
from shared.privacy.folding import words_of
from shared.privacy.identifiers import Identifiers

# ECA (Lei 8.069/1990): child < 12, adolescent < 18. Estatuto da Pessoa Idosa (Lei 10.741/2003): from 60.
_AGE_GROUPS = ((2, "menor de 2 anos"), (12, "criança"), (18, "adolescente"), (60, "adulto"))
_OLDEST_GROUP = "idoso"
_LAST_EXACT_AGE = 89
# The first of these a request has says when the patient had the age that matters.
_MOMENTS = ("coleta_em", "data_hora_alta", "data_hora", "data_hora_internacao")
_TELLING = 4  # letters: shorter words are units and particles, which any text has
# Fields of requests that rules quote as they were typed: the whole list, or one key of its items.
_TYPED: dict[str, str | None] = {"alergias": None, "medicamentos": "nome", "prescricao_alta": "nome"}


@dataclass(frozen=True)
class CrewCase:
    """`identifiers` never reach the crew: they are what its outgoing texts are searched for.

    `language` is that of the opinion; findings are Portuguese in any case. `typed_text` says that a finding repeats
    what somebody typed (`repeats_typed_text`): only a model that may see free text is asked then.
    """

    evaluation: Avaliacao
    profile: dict[str, str]
    identifiers: Identifiers
    language: Language = "pt"
    typed_text: bool = False

    def facts(self) -> dict[str, Any]:
        """All that a model may be told, JSON-ready."""
        return {"perfil": self.profile, **findings_view(self.evaluation), **calculations_view(self.evaluation)}

    def input_hash(self) -> str:
        """SHA-256 of `facts`, so that nothing about an identity can be guessed back from it."""
        facts = {**self.facts(), **missing_view(self.evaluation)}
        return hashlib.sha256(as_json(facts).encode()).hexdigest()


def repeats_typed_text(request: BaseModel, evaluation: Avaliacao) -> bool:
    """Whether a finding may hold words of a field into which anything can be typed, such as a drug's name."""
    data = request.model_dump(mode="json", include=set(_TYPED))
    typed = {word for field, parts in _TYPED.items() for word in _typed_words(data.get(field), parts)}
    told = as_json({**findings_view(evaluation), **calculations_view(evaluation)})
    return not typed.isdisjoint(words_of(told))


def findings_view(evaluation: Avaliacao) -> dict[str, Any]:
    return {"achados": [finding_view(finding) for finding in evaluation.achados]}


def finding_view(finding: Achado) -> dict[str, Any]:
    return finding.model_dump(mode="json", exclude={"versao_regra"})


def calculations_view(evaluation: Avaliacao) -> dict[str, Any]:
    known = evaluation.model_dump(mode="json", include={"calculos"})["calculos"]
    return {"calculos": {name: _grouped_age(name, value) for name, value in known.items()}}


def missing_view(evaluation: Avaliacao) -> dict[str, Any]:
    return {"dados_faltantes": evaluation.dados_faltantes, "nao_avaliado": evaluation.nao_avaliado}


def as_json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, default=str)


def patient_profile(request: BaseModel) -> dict[str, str]:
    """Age group and sex; empty for a request that is not about one patient."""
    patient = getattr(request, "paciente", None)
    if patient is None:
        return {}
    return {"faixa_etaria": _age_group(patient.data_nascimento, _moment(request)), "sexo": patient.sexo}


def _grouped_age(name: str, value: Any) -> Any:
    """Few people are older than this, so an exact age would point at one (HIPAA Safe Harbor's limit)."""
    return f"{_LAST_EXACT_AGE + 1} ou mais" if name == "idade_anos" and value > _LAST_EXACT_AGE else value


def _age_group(birth: date, on: date) -> str:
    if birth > on:  # the rules refuse such a request by name; a crew only needs no group
        return "não determinada"
    years = age_in_years(birth, on)
    return next((group for limit, group in _AGE_GROUPS if years < limit), _OLDEST_GROUP)


def _typed_words(items: Any, key: str | None) -> Iterator[str]:
    for item in items or ():
        yield from (word for word in words_of(item if key is None else item[key]) if len(word) >= _TELLING)


def _moment(request: BaseModel) -> date:
    for name in _MOMENTS:
        moment = getattr(request, name, None)
        if isinstance(moment, datetime):
            return moment.date()
    return datetime.now(UTC).date()
