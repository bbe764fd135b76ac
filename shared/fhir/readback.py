"""What a domain may add to its results when they are read back as FHIR; one that adds nothing is still readable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

LOINC = "http://loinc.org"


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a public system; `display` in that system's own words or not at all, as FHIR asks of a Coding."""

    system: str
    code: str
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One quantity of the request. `unit` is a UCUM code; the range is the performing laboratory's."""

    field: str
    label: str
    value: Decimal
    unit: str
    category: Literal["laboratory", "vital-signs", "exam"]
    code: Code | None = None
    at: datetime | None = None
    low: Decimal | None = None
    high: Decimal | None = None


def _nothing(_request: Any) -> list[Measured]:
    return []


@dataclass(frozen=True, slots=True)
class Readback:
    """`diagnostic`: the result is a DiagnosticReport, under the public code `panel` if it has one; else a Composition.

    `measured` lists the quantities of a validated request; `calculated` gives the public code and UCUM unit of those
    calculations that have one.
    """

    diagnostic: bool = False
    panel: Code | None = None
    measured: Callable[[Any], list[Measured]] = _nothing
    calculated: dict[str, tuple[Code | None, str]] | None = None
