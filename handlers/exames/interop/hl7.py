"""Which HL7 v2 message is which event of this domain."""

from __future__ import annotations

from handlers.exames.tables.hl7 import HL7
from shared.hl7.groups import order_groups
from shared.hl7.message import Message
from shared.hl7.routing import Route


def _order_event(message: Message) -> str:
    """An order of an imaging section (OBR-24) is an imaging study; any other is an exam."""
    sections = (group.order.text(24) for group in order_groups(message))
    return "imagem" if any(HL7.current().imaging_type(section) for section in sections) else "exame"


ROUTES: dict[str, Route] = {"ORU^R01": "hemograma", "ORM^O01": _order_event, "OML^O21": "exame", "OMI^O23": "imagem"}
