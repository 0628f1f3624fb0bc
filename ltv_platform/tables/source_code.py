"""The code that a module runs: its own, and that of the modules of this package that it imports.

A hash of it changes with what the code does, and not with comments and docstrings. What is
imported for types only is no part of it.
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
#: How a tree is written out may differ between versions of Python.
_PYTHON = sys.version_info[:2]


@lru_cache(maxsize=64)
def code_of(module: Path, cache: ResultCache) -> str:
    """A hash of the code of a module with everything of this package that it imports.

    A process asks for it once: it runs what it has imported, whatever becomes of the files.

    Args:
        module: Its file, which may lie outside the package.
        cache: Where what was found out about single modules is kept.
    """
    codes: dict[Path, str] = {}
    waiting = [module]
    while waiting:
        path = waiting.pop()
        if path in codes:
            continue
        codes[path], *imported = _facts(path, cache)
        waiting += filter(None, map(_file_of, imported))
    # Wherever the package lies. Equal modules are told apart by those that import them.
    return key_of(sorted(codes.values()))


@lru_cache(maxsize=512)
def _facts(path: Path, cache: ResultCache) -> list[str]:
    """A hash of the code of one module, and the names that it may import from this package."""
    source = path.read_text("utf-8")
    return cache.once(key_of("module", _PYTHON, source), lambda: _found_in(source))


def _found_in(source: str) -> list[str]:
    tree = _parsed(source)
    imported = sorted({name for name in _imports(tree) if name.partition(".")[0] == _PACKAGE})
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
    return [sha256(ast.unparse(tree).encode()).hexdigest(), *imported]


def _parsed(source: str) -> ast.Module:
    """A module as a tree, whatever is collected meanwhile.

    What Dagster closes when it is collected compiles code; within another parse, Python 3.11 takes
    that for a defect (``AST constructor recursion depth mismatch``, CPython issue 106905).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if collects:
            gc.enable()


def _is_text(statement: ast.AST) -> bool:
    """A docstring, or another text that does nothing."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _imports(node: ast.AST) -> Iterator[str]:
    """Modules, and names out of modules as ``module.name``, wherever they are imported."""
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
        place = _ROOT.joinpath(*names)
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if names and path.is_file():
                return path
    return None
