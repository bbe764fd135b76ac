"""DiagnosticReport and Observations as a hemogram: which results belong to it, when and on what they were done."""

from __future__ import annotations

from datetime import datetime

from handlers.exames.interop.clipping import LONGEST_NAME, clipped
from handlers.exames.interop.fhir_results import code_of, leukocytes_corrected, map_results
from shared.fhir.bundle import Bundle
from shared.fhir.codes import words
from shared.fhir.node import Found, Node
from shared.fhir.observations import Measure, Observations, effective, instant
from shared.fhir.people import is_about
from shared.interop import SHORTENED, shortened

_ANNULLED = {"cancelled", "entered-in-error"}


def report_of(bundle: Bundle) -> Node:
    """The latest DiagnosticReport that stands; without one, the latest Observation of a hemogram's parameter.

    Raises UnusableDocument when the Bundle has neither.
    """
    reports = [node for node in bundle.of("DiagnosticReport") if _stands(bundle, node)]
    focus = reports or [node for node in bundle.of("Observation") if code_of(node)]
    if not focus:
        reason = "o Bundle não traz um DiagnosticReport, nem Observation com código LOINC de hemograma"
        raise bundle.unusable("Bundle.entry", "sem_resultado", reason)
    latest = max(focus, key=lambda node: instant(_collected(bundle, node)))
    return bundle.use(latest, "code", "category", "issued", "effectiveDateTime", "effectivePeriod")


def map_hemogram(bundle: Bundle, focus: Node, patient: Node | None, observations: Observations) -> None:
    """Fill the request from the report in focus, and `anterior` from the one before it."""
    current, others = _split(bundle, focus, observations)
    reading = bundle.reading
    collected = _collection(bundle, focus, current)
    reading.put("coleta_em", collected)
    specimen = _specimen(bundle, focus, current)
    _put_name(bundle, "amostra", words(specimen.child("type")) if specimen else None)
    current = [measure for measure in current if _of_this_sample(bundle, measure, specimen)]
    _put_name(bundle, "equipamento", _device(bundle, current))
    reading.put("leucocitos_ja_corrigidos", leukocytes_corrected(current) or observations.field(_CORRECTED))
    map_results(bundle, "resultados", current)
    _previous(bundle, focus, patient, others, instant(collected))


def _put_name(bundle: Bundle, field: str, found: Found | None) -> None:
    """What it was done on or with, shortened rather than refused: it decides no finding."""
    kept = None if found is None else Found(found.place, clipped(str(found.value), LONGEST_NAME))
    bundle.reading.put(field, kept)
    if kept != found and kept is not None:
        bundle.reading.puzzle(kept.place, SHORTENED, shortened(LONGEST_NAME))


_CORRECTED = "leucocitos_ja_corrigidos"


def _stands(bundle: Bundle, report: Node) -> bool:
    status = report.leaf("status")
    if status is None or status.value not in _ANNULLED:
        return True
    bundle.use(report)
    bundle.reading.puzzle(status.place, "resultado_anulado", "laudo cancelado ou emitido por engano; não foi usado")
    return False


def _split(bundle: Bundle, focus: Node, observations: Observations) -> tuple[list[Measure], list[Measure]]:
    """The measures of the report, and those of other moments. Without a report, time tells them apart."""
    measures = [measure for measure in observations.all if code_of(measure.part)]
    if focus.kind == "DiagnosticReport":
        members = _members(bundle, focus)
        return (
            [measure for measure in measures if measure.observation.place in members],
            [measure for measure in measures if measure.observation.place not in members],
        )
    moment = instant(effective(focus))
    return (
        [measure for measure in measures if instant(measure.moment) == moment],
        [measure for measure in measures if instant(measure.moment) != moment],
    )


def _members(bundle: Bundle, report: Node) -> set[str]:
    """Places of the Observations a report or panel leads to, however deep; a circle of references ends."""
    found: set[str] = set()
    waiting = [(reference, report) for reference in report.children("result")]
    while waiting:
        reference, source = waiting.pop()
        observation = bundle.follow(reference, source, "Observation")
        if observation is not None and observation.place not in found:
            found.add(observation.place)
            waiting += [(inner, observation) for inner in observation.children("hasMember")]
    return found


def _collection(bundle: Bundle, focus: Node, measures: list[Measure]) -> Found | None:
    """When the specimen was collected; the time of issue only when nothing better is known, and reported."""
    known = _collected(bundle, focus) or next((found for measure in measures if (found := measure.moment)), None)
    if known is not None:
        return known
    issued = focus.leaf("issued")
    if issued is not None:
        detail = "sem hora de coleta no documento: foi usada a da emissão do laudo"
        bundle.reading.puzzle(issued.place, "coleta_pela_emissao", detail)
    return issued


def _collected(bundle: Bundle, focus: Node) -> Found | None:
    specimen = _specimen(bundle, focus, [])
    collection = specimen.child("collection") if specimen else None
    if collection is not None:
        period = collection.child("collectedPeriod")
        found = collection.leaf("collectedDateTime") or (period.leaf("start") if period else None)
        if found is not None:
            return found
    return effective(focus)


def _specimen(bundle: Bundle, focus: Node, measures: list[Measure]) -> Node | None:
    for source in (focus, *(measure.observation for measure in measures)):
        for reference in source.concepts("specimen"):
            specimen = bundle.follow(reference, source, "Specimen")
            if specimen is not None:
                return bundle.use(specimen, "type", "receivedTime")
    return None


def _of_this_sample(bundle: Bundle, measure: Measure, specimen: Node | None) -> bool:
    """False, and reported, for a result of another sample: two samples make no hemogram."""
    for reference in measure.observation.concepts("specimen"):
        own = bundle.references.resolve(reference, measure.observation)
        if own is not None and specimen is not None and not _same_sample(bundle, own, specimen):
            detail = "o resultado é de outra amostra que a do laudo; não foi usado"
            bundle.reading.puzzle(reference.place, "amostra_divergente", detail)
            return False
    return True


def _same_sample(bundle: Bundle, own: Node, specimen: Node) -> bool:
    """A contained sample is known by what it says: each result may hold its copy."""
    if bundle.references.holder(own) is None:
        return own.place == specimen.place
    bundle.use(own, *own.value)
    return {**own.value, "id": None} == {**specimen.value, "id": None}


def _device(bundle: Bundle, measures: list[Measure]) -> Found | None:
    for measure in measures:
        reference = measure.observation.child("device")
        if reference is None:
            continue
        device = bundle.follow(reference, measure.observation, "Device") if reference.text("reference") else None
        names = [found for name in device.children("deviceName") if (found := name.leaf("name"))] if device else []
        found = next(iter(names), None) or (words(device.child("type")) if device else None)
        return found or reference.leaf("display")
    return None


def _previous(bundle: Bundle, focus: Node, patient: Node | None, others: list[Measure], current: datetime) -> None:
    """Fill `anterior` from the latest measures before `current`; still older ones stay unused, hence reported.

    One of the same time or later belongs to no report of ours, as when the reference to it does not resolve.
    """
    reports = [node for node in bundle.of("DiagnosticReport") if node.place != focus.place]
    moments: dict[str, tuple[datetime, Found]] = {}
    for report in reports:
        collected = _collected(bundle, report)
        if collected is not None and _stands(bundle, report) and is_about(report, patient, bundle):
            bundle.use(report, "code", "category", "issued", "performer", "effectiveDateTime", "effectivePeriod")
            moments |= {place: (instant(collected), collected) for place in _members(bundle, report)}
    dated = {id(m): moments.get(m.observation.place) or _moment(m) for m in others}
    earlier = [when for when in dated.values() if when and when[0] < current]
    for measure in others:
        if (when := dated[id(measure)]) and when[0] >= current:
            detail = "não é do laudo e não é anterior a ele; não foi usado"
            bundle.reading.puzzle(measure.part.place, "resultado_fora_do_laudo", detail)
    if not earlier:
        return
    latest = max(earlier, key=lambda when: when[0])
    chosen = [m for m in others if (when := dated[id(m)]) and when[0] == latest[0]]
    bundle.reading.put("anterior.coleta_em", latest[1])
    map_results(bundle, "anterior.resultados", chosen)


def _moment(measure: Measure) -> tuple[datetime, Found] | None:
    found = measure.moment
    return (instant(found), found) if found else None
