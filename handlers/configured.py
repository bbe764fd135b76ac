"""The domains as this installation runs them: what the folders declare, with the operator's overrides."""

from __future__ import annotations

from dataclasses import replace

from handlers.registry import load_domains
from shared.domain import Domain
from shared.settings import DomainSettings


def configured_domains(settings: DomainSettings) -> dict[str, Domain]:
    """Every domain by key, with the vhost from `DOMAIN__<KEY>__VHOST` where one is set."""
    found = load_domains(settings.domain_packages)
    unknown = sorted(settings.domain.keys() - found.keys())
    if unknown:
        raise ValueError(f"DOMAIN__{unknown[0].upper()}__…: no such domain; known: {', '.join(found)}")
    return {key: replace(domain, vhost=settings.of(key).vhost or domain.vhost) for key, domain in found.items()}
