"""Does the sample agree with itself? A disagreement means a wrong tube, unit or transcription: ask for a new sample."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.indices import Indices, least_sum, mcv
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P
from shared.findings import Gravidade


def inconsistencies(sample: Amostra, indices: Indices, table: TabelaHemograma) -> list[Rascunho]:
    """Every blocking disagreement, followed by the request for a new sample; empty when the sample is consistent."""
    found = [
        *_reported_indices(sample, indices, table),
        *_suspect_mchc(sample, indices, table),
        *_differential(sample, indices, table),
        *_neutrophils(sample, table),
        *_parts_exceed_the_whole(sample, table),
    ]
    return [*found, _new_sample(found, table)] if found else []


def rule_of_three(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    """|3 Hb - Ht| > 3, only with normal MCV and MCHC, and only as a warning; says so where it does not apply."""
    rule, volume, difference = table.consistencia.regra3, mcv(sample, indices.vcm), indices.regra3
    chcm = sample.value(P.CHCM) if sample.has(P.CHCM) else indices.chcm
    if volume is None or chcm is None or difference is None:
        return
    evidence = {"regra3_pp": difference, "vcm_fl": volume, "chcm_gdl": chcm}
    if not (rule.vcm_min <= volume <= rule.vcm_max and rule.chcm_min <= chcm <= rule.chcm_max):
        yield Rascunho(
            "regra3_nao_aplicavel",
            Gravidade.INFO,
            f"Regra de três não aplicável: VCM {shown(volume, 2)} fL e CHCM {shown(chcm, 2)} g/dL fora da faixa dela.",
            evidence,
            table.consistencia.fonte,
        )
    elif abs(difference) > rule.diferenca_gt:
        yield Rascunho(
            "regra3_divergente",
            Gravidade.ATENCAO,
            f"3 × hemoglobina difere do hematócrito em {shown(abs(difference), 2)} pontos "
            f"(tolerância {shown(rule.diferenca_gt)}): conferir a amostra.",
            evidence,
            table.consistencia.fonte,
        )


def _reported_indices(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    rules = table.consistencia
    pairs = (
        (P.VCM, indices.vcm, rules.vcm_fl),
        (P.HCM, indices.hcm, rules.hcm_pg),
        (P.CHCM, indices.chcm, rules.chcm_gdl),
    )
    for parameter, computed, tolerance in pairs:
        reported = sample.value(parameter)
        if reported is None or computed is None or abs(reported - computed) <= tolerance:
            continue
        unit = parameter.shown_unit
        yield Rascunho(
            f"inconsistencia_{parameter.value}",
            Gravidade.ATENCAO,
            f"{parameter.label} informado {shown(reported, 2)} {unit} difere do calculado {shown(computed, 2)} {unit} "
            f"além da tolerância de {shown(tolerance)} {unit}.",
            {"informado": reported, "calculado": computed, "tolerancia": tolerance, "unidade": parameter.unit},
            rules.fonte,
        )


def _suspect_mchc(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    """An MCHC above 37 g/dL is rarely the patient: lipaemia, cold agglutinins or haemolysis come first."""
    limit = table.consistencia.chcm_suspeito_gt
    values = [value for value in (sample.value(P.CHCM), indices.chcm) if value is not None and value > limit]
    if values:
        yield Rascunho(
            "chcm_suspeito",
            Gravidade.ATENCAO,
            f"CHCM {shown(values[0], 2)} g/dL acima de {shown(limit)} g/dL: suspeitar de interferência na amostra.",
            {"chcm": values[0], "limite": limit, "unidade": "g/dL"},
            table.consistencia.fonte,
        )


def _differential(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    low, high = table.consistencia.soma_min, table.consistencia.soma_max
    total, words = indices.soma, "é"
    if total is None and (known := least_sum(sample)) is not None and known > high:
        total, words = known, "é, sem os resultados separados, ao menos"
    if total is not None and not low <= total <= high:
        yield Rascunho(
            "inconsistencia_soma_diferencial",
            Gravidade.ATENCAO,
            f"A soma do diferencial {words} {shown(total, 2)} %, fora de {shown(low)} a {shown(high)} %.",
            {"soma": total, "minimo": low, "maximo": high, "unidade": "%"},
            table.consistencia.fonte,
        )


def _neutrophils(sample: Amostra, table: TabelaHemograma) -> Iterator[Rascunho]:
    """The reported absolute count against percentage x leukocytes, both as reported."""
    absolute, pct, leukocytes = (sample.value(p) for p in (P.NEUTROFILOS_ABS, P.NEUTROFILOS_PCT, P.LEUCOCITOS))
    tolerance = table.consistencia.neutrofilos_abs
    if absolute is None or pct is None or leukocytes is None or sample.unsure(P.ERITROBLASTOS):
        return
    candidates = [leukocytes, *_corrected(sample, leukocytes)]
    if any(abs(absolute - pct * count / 100) <= tolerance for count in candidates):
        return
    computed, unit = pct * leukocytes / 100, P.NEUTROFILOS_ABS.shown_unit
    yield Rascunho(
        "inconsistencia_neutrofilos",
        Gravidade.ATENCAO,
        f"Neutrófilos {shown(absolute)} {unit} diferem do calculado pelo percentual {shown(computed)} {unit} "
        f"além da tolerância de {shown(tolerance)} {unit}.",
        {"informado": absolute, "calculado": computed, "tolerancia": tolerance, "unidade": P.NEUTROFILOS_ABS.unit},
        table.consistencia.fonte,
    )


def _parts_exceed_the_whole(sample: Amostra, table: TabelaHemograma) -> Iterator[Rascunho]:
    """The reported absolute counts together cannot be more than the leukocytes, rounding apart ◇."""
    leukocytes = sample.value(P.LEUCOCITOS)
    if leukocytes is None:
        return
    by_stage = [P.SEGMENTADOS_ABS, P.BASTONETES_ABS]
    neutrophils = [P.NEUTROFILOS_ABS] if sample.has(P.NEUTROFILOS_ABS) else by_stage
    others = (P.LINFOCITOS_ABS, P.MONOCITOS_ABS, P.EOSINOFILOS_ABS, P.BASOFILOS_ABS)
    total = sum((sample.value(p) or Decimal(0) for p in (*neutrophils, *others)), Decimal(0))
    limit = leukocytes * table.consistencia.soma_max / 100 + table.consistencia.neutrofilos_abs
    if total > limit:
        unit = P.LEUCOCITOS.shown_unit
        yield Rascunho(
            "inconsistencia_contagens_absolutas",
            Gravidade.ATENCAO,
            f"As contagens absolutas somam {shown(total)} {unit}, mais que os leucócitos {shown(leukocytes)} {unit}.",
            {"soma_absolutos": total, "leucocitos": leukocytes, "limite": limit, "unidade": P.LEUCOCITOS.unit},
            table.consistencia.fonte,
        )


def _corrected(sample: Amostra, leukocytes: Decimal) -> list[Decimal]:
    """A laboratory may have multiplied the count corrected for erythroblasts: that is no disagreement."""
    nucleated = sample.value(P.ERITROBLASTOS)
    return [] if nucleated is None else [leukocytes * 100 / (100 + nucleated)]


def _new_sample(found: list[Rascunho], table: TabelaHemograma) -> Rascunho:
    return Rascunho(
        "amostra_inconsistente",
        Gravidade.ATENCAO,
        "Amostra inconsistente: interpretação suspensa; solicitar nova coleta ou conferência do laboratório.",
        {"verificacoes": [draft.codigo for draft in found]},
        table.consistencia.fonte,
    )
