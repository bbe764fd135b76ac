"""The project's own Python files, as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("api", "workers", "handlers", "shared")
LOCAL = ("dev", "bench", "evals", "deploy", "migrations")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """Every Python file below these folders of the project."""
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def functions(file: Path) -> Iterator[Function]:
    """Functions and methods, nested ones too."""
    return (node for node in ast.walk(tree(file)) if isinstance(node, Function))


def length(node: ast.stmt) -> int:
    """Lines from `def` or `class` to the last one."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def imported_modules(file: Path) -> set[str]:
    """Full names of what a file imports, wherever in the file it does."""
    names: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_file(name: str) -> Path | None:
    """Where the project keeps a module; None for one that is not the project's."""
    path = ROOT.joinpath(*name.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


def reached_from(entry: str) -> tuple[set[Path], set[str]]:
    """The project's files that importing `entry` runs, and the top names of the other packages they import."""
    files: set[Path] = set()
    foreign: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        file = module_file(name)
        if file is None:
            foreign.add(name.partition(".")[0])
        elif file not in files:
            files.add(file)
            waiting += [name.rpartition(".")[0]] if "." in name else []
            waiting += imported_modules(file)
    return files, foreign


def place(file: Path) -> str:
    """The file as a reader finds it: relative to the project."""
    return str(file.relative_to(ROOT))
