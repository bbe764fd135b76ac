"""The numbers a hemogram implies: red-cell indices, absolute counts, ratios. Decimal, rounded only when shown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import rounded
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P

_HUNDRED = Decimal(100)
_LINEAGES = {
    P.BASTONETES_ABS: P.BASTONETES_PCT,
    P.SEGMENTADOS_ABS: P.SEGMENTADOS_PCT,
    P.LINFOCITOS_ABS: P.LINFOCITOS_PCT,
    P.MONOCITOS_ABS: P.MONOCITOS_PCT,
    P.EOSINOFILOS_ABS: P.EOSINOFILOS_PCT,
    P.BASOFILOS_ABS: P.BASOFILOS_PCT,
}


@dataclass(frozen=True)
class Indices:
    """Computed values; None where an input is missing or would divide by zero.

    `vcm` in fL, `hcm` in pg, `chcm` in g/dL, `regra3` in percentage points, counts in 10*3/uL, `soma` in %.
    `counts` holds the absolute counts, reported or computed; the sample's own figure wins.
    """

    vcm: Decimal | None
    hcm: Decimal | None
    chcm: Decimal | None
    regra3: Decimal | None
    mentzer: Decimal | None
    corrected_leukocytes: Decimal | None
    leukocytes: Decimal | None
    neutrophils: Decimal | None
    neutrophils_from_pct: Decimal | None
    counts: dict[P, Decimal]
    soma: Decimal | None
    rnl: Decimal | None
    rpl: Decimal | None
    sii: Decimal | None


def compute(sample: Amostra, table: TabelaHemograma) -> Indices:
    """All indices of one sample; formulas of the reference's `formulas` section."""
    red, hb, ht = sample.value(P.HEMACIAS), sample.value(P.HEMOGLOBINA), sample.value(P.HEMATOCRITO)
    vcm = _ratio(ht, red, 10)
    corrected = _corrected_leukocytes(sample, table)
    leukocytes = _effective_leukocytes(sample, corrected)
    counts = _absolute_counts(sample, leukocytes)
    from_pct = _neutrophils_from_pct(sample, leukocytes)
    neutrophils = _neutrophils(sample, counts, from_pct)
    lymphocytes, platelets = counts.get(P.LINFOCITOS_ABS), sample.value(P.PLAQUETAS)
    return Indices(
        vcm=vcm,
        hcm=_ratio(hb, red, 10),
        chcm=_ratio(hb, ht, 100),
        regra3=None if hb is None or ht is None else 3 * hb - ht,
        mentzer=_mentzer(mcv(sample, vcm), red, table),
        corrected_leukocytes=corrected,
        leukocytes=leukocytes,
        neutrophils=neutrophils,
        neutrophils_from_pct=from_pct,
        counts=counts,
        soma=differential_sum(sample),
        rnl=_ratio(neutrophils, lymphocytes),
        rpl=_ratio(platelets, lymphocytes),
        sii=_sii(platelets, neutrophils, lymphocytes),
    )


def mcv(sample: Amostra, computed: Decimal | None) -> Decimal | None:
    """The reported mean corpuscular volume first: an analyser measures it directly."""
    reported = sample.value(P.VCM)
    return computed if reported is None else reported


def differential_sum(sample: Amostra) -> Decimal | None:
    """The sum of the percentages in %, or None unless every main lineage was reported and none was set aside.

    Without segmented cells the total neutrophil percentage stands for segmented and band cells together ◇.
    """
    return None if sample.unsure(*_summed(sample)[1]) else least_sum(sample)


def least_sum(sample: Amostra) -> Decimal | None:
    """The same, but for lesser percentages that were set aside: the differential sums to this or more."""
    needed, optional = _summed(sample)
    if not sample.has(*needed):
        return None
    return sum((sample.value(p) or Decimal(0) for p in needed + optional), Decimal(0))


def _summed(sample: Amostra) -> tuple[list[P], list[P]]:
    """The percentages of a differential: those of the main lineages, and those that are zero unless reported."""
    needed = [P.LINFOCITOS_PCT, P.MONOCITOS_PCT, P.EOSINOFILOS_PCT, P.BASOFILOS_PCT]
    optional = [P.METAMIELOCITOS_PCT, P.MIELOCITOS_PCT, P.BLASTOS_PCT]
    if sample.has(P.SEGMENTADOS_PCT):
        return [*needed, P.SEGMENTADOS_PCT], [*optional, P.BASTONETES_PCT]
    return [*needed, P.NEUTROFILOS_PCT], optional


def calculations(indices: Indices) -> dict[str, Decimal]:
    """The indices as `calculos`, rounded half up to the decimals of the reference; absent ones are left out."""
    places: dict[str, tuple[Decimal | None, int]] = {
        "vcm": (indices.vcm, 2),
        "hcm": (indices.hcm, 2),
        "chcm": (indices.chcm, 2),
        "regra3": (indices.regra3, 2),
        "mentzer": (indices.mentzer, 2),
        "leuco_corrigido": (indices.corrected_leukocytes, 3),
        "neutrofilos_abs": (indices.neutrophils, 3),
        **{count.value: (value, 3) for count, value in indices.counts.items()},
        "soma": (indices.soma, 2),
        "rnl": (indices.rnl, 3),
        "rpl": (indices.rpl, 2),
        "sii": (indices.sii, 2),
    }
    return {name: rounded(value, digits) for name, (value, digits) in places.items() if value is not None}


def _ratio(above: Decimal | None, below: Decimal | None, times: int = 1) -> Decimal | None:
    if above is None or not below:
        return None
    return above * times / below


def _mentzer(volume: Decimal | None, red: Decimal | None, table: TabelaHemograma) -> Decimal | None:
    """MCV / RBC, only when the MCV is below the table's bound (80 fL)."""
    if volume is None or volume >= table.mentzer.vcm_lt:
        return None
    return _ratio(volume, red)


def _corrected_leukocytes(sample: Amostra, table: TabelaHemograma) -> Decimal | None:
    """Leukocytes x 100 / (100 + NRBC) from the table's NRBC bound on, unless the analyser did it already."""
    leukocytes, nucleated = sample.value(P.LEUCOCITOS), sample.value(P.ERITROBLASTOS)
    if leukocytes is None or nucleated is None or sample.leukocytes_already_corrected:
        return None
    if nucleated < table.eritroblastos.corrigir_ge:
        return None
    return leukocytes * _HUNDRED / (_HUNDRED + nucleated)


def _effective_leukocytes(sample: Amostra, corrected: Decimal | None) -> Decimal | None:
    """The corrected count only when the sender said that the analyser had not corrected it."""
    if corrected is not None and sample.leukocytes_already_corrected is False:
        return corrected
    return sample.value(P.LEUCOCITOS)


def _share(pct: Decimal | None, leukocytes: Decimal | None) -> Decimal | None:
    return None if pct is None or leukocytes is None else pct * leukocytes / _HUNDRED


def _absolute_counts(sample: Amostra, leukocytes: Decimal | None) -> dict[P, Decimal]:
    found = {}
    for absolute, percentage in _LINEAGES.items():
        reported = sample.value(absolute)
        value = _share(sample.value(percentage), leukocytes) if reported is None else reported
        if value is not None:
            found[absolute] = value
    return found


def _neutrophils_from_pct(sample: Amostra, leukocytes: Decimal | None) -> Decimal | None:
    """Segmented and band percentages together, else the total neutrophil percentage, as a count."""
    segmented = sample.value(P.SEGMENTADOS_PCT)
    if segmented is None or sample.unsure(P.BASTONETES_PCT):
        return _share(sample.value(P.NEUTROFILOS_PCT), leukocytes)
    return _share(segmented + (sample.value(P.BASTONETES_PCT) or Decimal(0)), leukocytes)


def _neutrophils(sample: Amostra, counts: dict[P, Decimal], from_pct: Decimal | None) -> Decimal | None:
    reported = sample.value(P.NEUTROFILOS_ABS)
    if reported is not None:
        return reported
    bands_unknown = P.BASTONETES_ABS not in counts and sample.unsure(P.BASTONETES_ABS, P.BASTONETES_PCT)
    if sample.has(P.SEGMENTADOS_ABS) and not bands_unknown:
        return counts[P.SEGMENTADOS_ABS] + counts.get(P.BASTONETES_ABS, Decimal(0))
    return from_pct


def _sii(platelets: Decimal | None, neutrophils: Decimal | None, lymphocytes: Decimal | None) -> Decimal | None:
    if platelets is None or neutrophils is None:
        return None
    return _ratio(platelets * neutrophils, lymphocytes)
