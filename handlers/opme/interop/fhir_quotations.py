"""Quotations, which FHIR has no resource for, from extensions of the Claim or DeviceRequest."""

from __future__ import annotations

from handlers.opme.interop.fhir_item import reais
from shared.fhir.bundle import Bundle
from shared.fhir.node import Found, Node

QUOTATION = "urn:plantao:cotacao"
"""Extension with parts `codigo`, `cnpj`, `marca`, `fabricante` (valueString), `valor` (valueMoney) and `validade`
(valueDate); one per quotation."""

_PARTS = ("codigo", "cnpj", "marca", "fabricante", "valor", "validade")


def map_quotations(bundle: Bundle, source: Node) -> None:
    """Fill `cotacoes` from the extensions of `source`."""
    index = 0
    for extension in source.children("extension"):
        if extension.text("url") != QUOTATION:
            bundle.reading.puzzle(extension.place, "extensao_sem_uso", "a extensão não preenche campo deste evento")
            continue
        for part in extension.children("extension"):
            if part.text("url") in _PARTS:
                bundle.reading.put(f"cotacoes.{index}.{part.text('url')}", _value(bundle, part))
            else:
                bundle.reading.puzzle(part.place, "extensao_sem_uso", "parte desconhecida de uma cotação")
        index += bundle.reading.has(f"cotacoes.{index}")


def _value(bundle: Bundle, part: Node) -> Found | None:
    return part.leaf("valueString", "valueDate") or reais(bundle, part.child("valueMoney"))
