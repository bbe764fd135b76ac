"""Times of a message in the hospital's own zone, where they name none."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from shared.hl7.fields import moment
from shared.hl7.mapping import Mapping
from shared.hl7.message import Value
from shared.settings import settings


def hospital_zone() -> ZoneInfo:
    """HOSPITAL_TIMEZONE."""
    return ZoneInfo(settings().platform.hospital_timezone)


def put_moment(mapping: Mapping, path: str, *sources: tuple[Value, int]) -> bool:
    """Fill `path` with the first source that holds a time; one without a zone gets the hospital's, and is reported."""
    for value, component in sources:
        text = value.text(component)
        if not text:
            continue
        place = value.at(component)
        try:
            found = moment(text, hospital_zone())
        except ValueError as error:
            mapping.odd(place, "data_hora_invalida", str(error))
            continue
        if found.assumed_zone:
            mapping.odd(place, "fuso_presumido", "hora sem fuso: tomado o do hospital (HOSPITAL_TIMEZONE)")
        mapping.put(path, found.value.isoformat(), place)
        return True
    mapping.absent(path)
    return False
