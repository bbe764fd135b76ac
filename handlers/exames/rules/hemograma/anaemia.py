"""Anaemia and its grade by the WHO 2024 cut-offs: age, sex and, in pregnancy, trimester."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import GrausAnemia, TabelaHemograma
from handlers.exames.tables.parameters import Parametro
from shared.findings import Gravidade

NOT_ADJUSTED = "Ajuste da hemoglobina por altitude e tabagismo"


def anaemia(sample: Amostra, table: TabelaHemograma) -> Iterator[Rascunho]:
    """The grade that every possible group agrees on; a doubt between groups is said, never decided."""
    hemoglobin = sample.value(Parametro.HEMOGLOBINA)
    groups = possible_groups(sample, table)
    if hemoglobin is None or not groups:
        return
    grades = {_grade(hemoglobin, group) for group in groups}
    if grades == {None}:
        return
    if len(grades) > 1:
        yield _undecided(hemoglobin, groups, table)
    else:
        yield _graded(hemoglobin, groups, str(grades.pop()), _pregnancy_must_be_asked(sample, table), table)


def missing(sample: Amostra, table: TabelaHemograma) -> Iterator[str]:
    """What would change the answer: the gestational age, or whether a woman of childbearing age is pregnant."""
    hemoglobin = sample.value(Parametro.HEMOGLOBINA)
    if hemoglobin is None:
        return
    groups = possible_groups(sample, table)
    if sample.pregnant:
        if len({_grade(hemoglobin, group) for group in groups}) > 1:
            yield "paciente.idade_gestacional_sem"
    elif _pregnancy_must_be_asked(sample, table):
        answers = {_grade(hemoglobin, group) for group in (*groups, *table.anemia.gestantes)}
        if len(answers) > 1:
            yield "paciente.gestante"


def contradicted_pregnancy(sample: Amostra) -> Iterator[Rascunho]:
    """A pregnancy that fits neither sex nor age is said, and not used."""
    if sample.pregnancy_contradicted:
        yield Rascunho(
            "gestacao_contraditoria",
            Gravidade.ATENCAO,
            f"Gestação informada em paciente de sexo {sample.sex} e {sample.age.years} anos: não foi usada; "
            "conferir o cadastro.",
            {"gestante": "sim", "sexo": sample.sex, "idade_anos": sample.age.years},
            "Regra deste projeto: gestação informada com sexo masculino ou fora da idade fértil é conferida ◇",
        )


def _pregnancy_must_be_asked(sample: Amostra, table: TabelaHemograma) -> bool:
    ages = table.anemia.perguntar_gestacao
    unknown = sample.sex == "F" and sample.pregnancy == "desconhecido"
    return unknown and ages.idade_min <= sample.age.years <= ages.idade_max


def possible_groups(sample: Amostra, table: TabelaHemograma) -> tuple[GrausAnemia, ...]:
    """The WHO groups this patient may belong to: one, or every trimester when the week is unknown, or none."""
    if sample.pregnant:
        weeks = sample.weeks
        return tuple(
            group for group in table.anemia.gestantes if weeks is None or group.semana_de <= weeks <= group.semana_ate
        )
    return tuple(
        group
        for group in table.anemia.grupos
        if group.sexo in (None, sample.sex) and sample.age.within(group.de, group.ate)
    )


def _grade(hemoglobin: Decimal, group: GrausAnemia) -> str | None:
    if hemoglobin >= group.corte:
        return None
    if hemoglobin < group.grave_lt:
        return "grave"
    return "moderada" if hemoglobin < group.moderada_lt else "leve"


def _graded(
    hemoglobin: Decimal, groups: tuple[GrausAnemia, ...], grade: str, if_not_pregnant: bool, table: TabelaHemograma
) -> Rascunho:
    cutoff = min(group.corte for group in groups)
    people = groups[0].descricao if len(groups) == 1 else "gestante, trimestre não informado"
    return Rascunho(
        f"anemia_{grade}",
        Gravidade.ATENCAO,
        f"Hemoglobina {shown(hemoglobin)} g/dL: anemia {grade} ({people}; corte < {shown(cutoff)} g/dL)."
        + (" Gestação não informada: o grau supõe que não haja." if if_not_pregnant else ""),
        {"hemoglobina": hemoglobin, "corte": cutoff, "grupos": [group.grupo for group in groups], "unidade": "g/dL"},
        table.anemia.fonte,
    )


def _undecided(hemoglobin: Decimal, groups: tuple[GrausAnemia, ...], table: TabelaHemograma) -> Rascunho:
    return Rascunho(
        "anemia_a_classificar",
        Gravidade.ATENCAO,
        f"Hemoglobina {shown(hemoglobin)} g/dL em gestante: o grau depende da idade gestacional, não informada.",
        {
            "hemoglobina": hemoglobin,
            "cortes": {group.grupo: group.corte for group in groups},
            "unidade": "g/dL",
        },
        table.anemia.fonte,
    )
