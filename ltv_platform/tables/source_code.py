"""Hashes the code that a module runs: its own, and that of the package's modules that it imports.

The hash changes with what the code does, not with comments and docstrings. Imports for types only
are excluded.
"""

import ast
import gc
import sys
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from ltv_platform.result_cache import ResultCache, key_of

_PACKAGE = __name__.partition(".")[0]
_ROOT = Path(__file__).parents[1]
#: Unparsed code may differ between versions of Python.
_PYTHON = sys.version_info[:2]


@lru_cache(maxsize=64)
def code_of(module: Path, cache: ResultCache) -> str:
    """Hash the code of a module and of everything in this package that it imports.

    A process computes it once: it runs the code it imported, even if files change afterwards.

    Args:
        module: Its file, which may lie outside the package.
        cache: Caches the facts about single modules.
    """
    codes: dict[Path, str] = {}
    pending = [module]
    while pending:
        path = pending.pop()
        if path in codes:
            continue
        codes[path], *imported = _facts(path, cache)
        pending += filter(None, map(_file_of, imported))
    # Independent of the package's location. Modules with equal code differ by what imports them.
    return key_of(sorted(codes.values()))


@lru_cache(maxsize=512)
def _facts(path: Path, cache: ResultCache) -> list[str]:
    """The hash of one module's code, and the names that it may import from this package."""
    source = path.read_text("utf-8")
    return cache.once(key_of("module", _PYTHON, source), lambda: _analyzed(source))


def _analyzed(source: str) -> list[str]:
    tree = _parsed(source)
    imported = sorted({name for name in _imports(tree) if name.partition(".")[0] == _PACKAGE})
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
    return [sha256(ast.unparse(tree).encode()).hexdigest(), *imported]


def _parsed(source: str) -> ast.Module:
    """Parse a module with garbage collection off.

    Some of Dagster's objects compile code when they are collected; during a parse, this makes
    Python 3.11 fail (``AST constructor recursion depth mismatch``, CPython issue 106905).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if collects:
            gc.enable()


def _is_text(statement: ast.AST) -> bool:
    """Whether a statement is a docstring, or another string without effect."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _imports(node: ast.AST) -> Iterator[str]:
    """Imported modules, and imported names as ``module.name``, anywhere in the tree."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _imports(child)


def _file_of(name: str) -> Path | None:
    """The file of a module, or of the module that a name is imported from."""
    parts = name.split(".")[1:]
    for names in (parts, parts[:-1]):
        base = _ROOT.joinpath(*names)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if names and path.is_file():
                return path
    return None
