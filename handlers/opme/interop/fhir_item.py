"""What a Device says of a material: its registration, its maker's reference, its lot and UDI."""

from __future__ import annotations

from shared.fhir.bundle import Bundle
from shared.fhir.codes import naming_system
from shared.fhir.node import Found, Node

_BRL = "BRL"
_IDENTIFIERS = {
    "registro-anvisa": "registro_anvisa",
    "registro": "registro_anvisa",
    "afe": "autorizacao_funcionamento",
}
"""Last part of an official identifier system; ANVISA publishes no FHIR system of its own ◇."""


def map_device_identity(bundle: Bundle, device: Node, field: str) -> None:
    """Fill the registration, the maker's reference and the AFE of one item."""
    for identifier in device.children("identifier"):
        name = _IDENTIFIERS.get(naming_system(identifier))
        if name is None:
            bundle.reading.puzzle(identifier.place, "identificador_sem_uso", "nem registro ANVISA nem AFE")
        else:
            bundle.reading.put(f"{field}.{name}", identifier.leaf("value"))
    bundle.reading.put(f"{field}.codigo_ref_fabricante", device.leaf("modelNumber", "partNumber"))


def day_of(moment: Found | None) -> Found | None:
    """The date in a dateTime, as it was written there."""
    return None if moment is None else Found(moment.place, str(moment.value)[:10])


def reais(bundle: Bundle, money: Node | None) -> Found | None:
    """An amount in BRL. Another currency is not converted: reported."""
    if money is None:
        return None
    if money.text("currency") not in ("", _BRL):
        bundle.reading.puzzle(money.place, "moeda_nao_aceita", "o valor deve estar em BRL")
        return None
    return money.leaf("value")
