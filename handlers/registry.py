"""A folder with a `domain.py` is a domain. Nothing else has to be edited to add one; a half-made one fails at boot."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from shared.domain import Domain
from shared.execution import Effect, Handler
from shared.fhir.readback import Readback
from shared.hl7.routing import Destination, Routing
from shared.interop import FHIR_JSON, HL7_V2, Reader

_EXAMPLE_SUFFIXES = {FHIR_JSON: ".fhir.json", HL7_V2: ".hl7"}


class IncompleteDomain(RuntimeError):
    """A domain folder cannot be used; the message says which file to add or mend."""


def load_domains(packages: Iterable[str]) -> dict[str, Domain]:
    """Every domain of `packages` by key, without importing crewai. Raises `IncompleteDomain`."""
    found: dict[str, Domain] = {}
    for package in packages:
        for folder in _folders(package):
            domain: Domain = importlib.import_module(f"{package}.{folder.name}.domain").DOMAIN
            _check(domain, folder, found)
            found[domain.key] = domain
    return found


def load_handlers(domain: Domain, packages: Iterable[str]) -> dict[str, Handler]:
    """The handler of each of the domain's events. Imports the crew, hence crewai. Raises `IncompleteDomain`."""
    package = _package(domain, packages)
    handlers: dict[str, Handler] = importlib.import_module(f"{package}.{domain.key}.handler").HANDLERS
    odd = {event.name for event in domain.events} ^ handlers.keys()
    if odd:
        names = ", ".join(sorted(odd))
        raise IncompleteDomain(f"mend HANDLERS in {package}/{domain.key}/handler.py: events without match: {names}")
    return handlers


def load_effects(domain: Domain, packages: Iterable[str]) -> dict[str, Effect]:
    """Event → what its result brings about in the transaction that keeps it: `EFFECTS` beside `HANDLERS`, if any."""
    module = importlib.import_module(f"{_package(domain, packages)}.{domain.key}.handler")
    effects: dict[str, Effect] = getattr(module, "EFFECTS", {})
    odd = effects.keys() - {event.name for event in domain.events}
    if odd:
        raise IncompleteDomain(f"mend EFFECTS in {module.__name__}: no such events: {', '.join(sorted(odd))}")
    return effects


def load_readers(domain: Domain, packages: Iterable[str]) -> dict[str, dict[str, Reader]]:
    """Event → media type → how such a document is read; empty for a domain that speaks only its native JSON.

    Kept apart from `domain.py` so that consumers, which never read foreign documents, need not import the parsers.
    """
    package = _package(domain, packages)
    if importlib.util.find_spec(f"{package}.{domain.key}.interop") is None:
        return {}
    readers: dict[str, dict[str, Reader]] = importlib.import_module(f"{package}.{domain.key}.interop").READERS
    odd = readers.keys() - {event.name for event in domain.events}
    if odd:
        raise IncompleteDomain(f"mend READERS in {package}/{domain.key}/interop: no such events: {', '.join(odd)}")
    return readers


def has_crew(domain: Domain, packages: Iterable[str]) -> bool:
    """Whether agents work in the domain; found without importing them."""
    return importlib.util.find_spec(f"{_package(domain, packages)}.{domain.key}.crew") is not None


def load_document_examples(domain: Domain, packages: Iterable[str]) -> dict[tuple[str, str], str]:
    """(event, media type) → a realistic document, from `interop/examples/<event>.fhir.json` and `.hl7`."""
    package = importlib.import_module(f"{_package(domain, packages)}.{domain.key}")
    folder = Path(package.__path__[0]) / "interop" / "examples"
    files = {
        (event.name, media): folder / (event.name + suffix)
        for event in domain.events
        for media, suffix in _EXAMPLE_SUFFIXES.items()
    }
    return {key: file.read_text(encoding="utf-8") for key, file in files.items() if file.exists()}


def load_hl7(domains: Iterable[Domain], packages: Iterable[str]) -> Routing:
    """Where each HL7 v2 message goes: `ROUTES` beside `READERS` in a domain's `interop`. Raises `IncompleteDomain`."""
    names = list(packages)
    destinations = []
    for domain in domains:
        readers = {event: own[HL7_V2] for event, own in load_readers(domain, names).items() if HL7_V2 in own}
        if readers:
            module = importlib.import_module(f"{_package(domain, names)}.{domain.key}.interop")
            destinations.append(Destination(domain, getattr(module, "ROUTES", {}), readers))
    try:
        return Routing(destinations)
    except ValueError as error:
        raise IncompleteDomain(str(error)) from error


def load_readbacks(domain: Domain, packages: Iterable[str]) -> dict[str, Readback]:
    """Event → what the domain's `readback.py` adds to its results as FHIR; events without one are read back plainly."""
    package = _package(domain, packages)
    own: dict[str, Readback] = {}
    if importlib.util.find_spec(f"{package}.{domain.key}.readback") is not None:
        own = importlib.import_module(f"{package}.{domain.key}.readback").READBACK
    odd = own.keys() - {event.name for event in domain.events}
    if odd:
        raise IncompleteDomain(f"mend READBACK in {package}/{domain.key}/readback.py: no such events: {', '.join(odd)}")
    return {event.name: own.get(event.name, Readback()) for event in domain.events}


def _package(domain: Domain, packages: Iterable[str]) -> str:
    return next(name for name in packages if any(folder.name == domain.key for folder in _folders(name)))


def _folders(package: str) -> list[Path]:
    roots = importlib.import_module(package).__path__
    return sorted(file.parent for root in roots for file in Path(root).glob("*/domain.py"))


def _check(domain: Domain, folder: Path, found: dict[str, Domain]) -> None:
    needed = ["handler.py", *(["agents.yaml", "tasks.yaml"] if (folder / "crew.py").exists() else [])]
    for name in needed:
        if not (folder / name).exists():
            raise IncompleteDomain(f"add {folder / name}: the domain {domain.key} cannot work without it")
    if domain.key != folder.name:
        raise IncompleteDomain(f"{folder / 'domain.py'} declares the key {domain.key}: it must be the folder's name")
    if domain.key in found:
        raise IncompleteDomain(f"two domains have the key {domain.key}: rename {folder}")
    twin = next((other.key for other in found.values() if other.vhost == domain.vhost), None)
    if twin:
        raise IncompleteDomain(f"{folder / 'domain.py'} uses the vhost of {twin}: each domain needs its own")
    unknown = {name for event in domain.events for name in event.after} - {event.name for event in domain.events}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise IncompleteDomain(f"mend `after` in {folder / 'domain.py'}: the domain has no such events: {names}")
