"""The command line of both engines: `python -m workers.pika_worker`, `python -m workers.dramatiq_worker`."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
from functools import partial

import structlog

from handlers.configured import configured_domains
from handlers.crew_runtime.footprint import trim
from shared.clinical.table_files import InvalidTables
from shared.llm.catalogue import Catalogue, CatalogueInvalid, load_catalogue
from shared.llm.providers import preload
from shared.logging import configure_logging
from shared.notifications.contacts import Contacts, ContactsInvalid, load_contacts
from shared.settings import Settings, settings_of_program
from workers import relay_process
from workers.affinity import pin
from workers.attempt import DomainWork
from workers.environment import METRICS_DIR
from workers.process import ConsumerIdentity, ConsumerProcess
from workers.supervisor import Child, Supervisor

_log = structlog.get_logger(__name__)

WRONG_USAGE = 2


def main(engine: str, arguments: list[str] | None = None) -> int:
    """Supervise one consumer per domain until told to stop; the exit code."""
    options = _parse(engine, arguments)
    config = settings_of_program()
    configure_logging(config.platform, f"workers/{engine}")
    try:
        known = configured_domains(config.domains)
    except InvalidTables as invalid:
        raise SystemExit(str(invalid)) from None
    chosen = options.domains.split(",") if options.domains else list(known)
    unknown = [key for key in chosen if key not in known]
    if unknown:
        sys.stderr.write(f"--domains: unknown domain {unknown[0]!r}; known: {', '.join(known)}\n")
        return WRONG_USAGE
    contacts, catalogue = _files_of_the_house(config, set(known))
    # Supervisors on one host do not know of each other: each begins at a CPU of its own luck.
    first = random.randrange(os.cpu_count() or 1)
    children = [_consumer(config, engine, key, options.concurrency, first + i) for i, key in enumerate(chosen)]
    if not options.no_relay:
        children.append(Child("relay", partial(relay_process.run, config, engine, contacts), None))
    # What crews use; a package that only another policy needs is imported by its first call.
    preload(*(catalogue.deployments[name] for name in catalogue.policies[catalogue.default].deployments))
    trim()
    try:
        return Supervisor(config, engine, children).run()
    finally:
        shutil.rmtree(METRICS_DIR, ignore_errors=True)


def _files_of_the_house(config: Settings, domains: set[str]) -> tuple[Contacts, Catalogue]:
    """Read before the first fork, so that a mistake stops the command and not one child after the other."""
    try:
        contacts = load_contacts(config.notifications.contacts_file, config.platform.environment, domains)
        return contacts, load_catalogue(config.model)
    except (ContactsInvalid, CatalogueInvalid) as invalid:
        raise SystemExit(str(invalid)) from None


def _consumer(config: Settings, engine: str, key: str, concurrency: int | None, place: int) -> Child:
    # Loading here imports the crews in the parent, once for all children.
    work = DomainWork.load(config.domains, key)
    slots = concurrency or config.domains.of(key).concurrency or config.worker.worker_concurrency

    def consume(identity: ConsumerIdentity) -> None:
        if config.worker.worker_pin_cpu:
            pin(place)
        ConsumerProcess(config, work, engine, slots, identity).run()

    return Child(f"consumer-{key}", consume, key, slots)


def _parse(engine: str, arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"python -m workers.{engine}_worker",
        description=f"Supervise one {engine} consumer process per domain, and the relay. Settings: .env.example.",
        epilog="Exit codes: 0 stopped and drained, 1 a setting refused or an unexpected error, 2 wrong usage, "
        "70 all children crash.",
    )
    parser.add_argument("--domains", help="comma-separated domain keys (default: all)")
    parser.add_argument("--concurrency", type=int, help="crews in flight per consumer (default: WORKER_CONCURRENCY)")
    parser.add_argument("--no-relay", action="store_true", help="leave relay and housekeeping to another supervisor")
    return parser.parse_args(arguments)
