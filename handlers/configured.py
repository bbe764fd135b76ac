"""The domains as this installation runs them: what the folders declare, with the operator's overrides."""

from __future__ import annotations

from dataclasses import replace

from handlers.hospital_tables import put_in_force
from handlers.registry import load_domains
from shared.domain import Domain
from shared.settings import DomainSettings


def configured_domains(settings: DomainSettings) -> dict[str, Domain]:
    """Every domain by key, with the vhost from `DOMAIN__<KEY>__VHOST` where one is set.

    Puts the hospital's tables in force, so that every process that knows the domains judges by the same numbers.
    Raises ValueError for an override of no domain, `InvalidTables` for a folder with a mistake.
    """
    found = load_domains(settings.domain_packages)
    unknown = sorted(settings.domain.keys() - found.keys())
    if unknown:
        raise ValueError(f"DOMAIN__{unknown[0].upper()}__…: no such domain; known: {', '.join(found)}")
    put_in_force(settings.hospital_tables_dir, settings.domain_packages)
    return {key: replace(domain, vhost=settings.of(key).vhost or domain.vhost) for key, domain in found.items()}
