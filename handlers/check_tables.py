"""Check a hospital's folder of clinical tables before a restart uses it: `python -m handlers.check_tables DIR`.

Exit codes: 0 everything is right, 1 at least one mistake (each is printed), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from handlers.hospital_tables import known_tables
from shared.clinical.table_files import InvalidTables, read_folder
from shared.clinical.tables import AnyTable, Tabela
from shared.settings import DomainSettings


def main(arguments: list[str] | None = None) -> int:
    """Print every table with the version that results would cite; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m handlers.check_tables", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="folder to check (default: HOSPITAL_TABLES_DIR)")
    settings = DomainSettings()
    folder: Path | None = parser.parse_args(arguments).folder or settings.hospital_tables_dir
    tables = known_tables(settings.domain_packages)
    try:
        own = {} if folder is None else read_folder(folder, tables)
    except InvalidTables as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for table in sorted(tables, key=lambda table: table.key):
        sys.stdout.write(_line(table, own.get(table)))
    return 0


def _line(table: AnyTable, own: Tabela | None) -> str:
    used = own or table.shipped()
    version = used.versao_citada if used else "-"
    if own:
        state = f"hospital, {own.left_out} odd rows left out" if own.left_out else "hospital"
    elif used:
        state = "shipped" if table.configurable else "published instrument"
    else:
        state = "absent: not evaluated"
    return f"{table.key:<32} {version:<44} {state}\n"


if __name__ == "__main__":
    sys.exit(main())
