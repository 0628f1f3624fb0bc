"""ARCHITECTURE.md lists the packages in the order of their imports, and names files that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ltv_platform_tests.testing import ROOT

PACKAGE = ROOT / "ltv_platform"
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
#: Loads a module of a package further down; the page says so.
EXCEPTIONS = {("ingestion", "erasure")}


def _listed() -> list[str]:
    """The packages and modules of the table, in its order."""
    _, _, table = PAGE.partition("| --- | --- |\n")
    first_cells = [row.split(" | ")[0] for row in table.split("\n\n")[0].splitlines()]
    names = [name for cell in first_cells for name in re.findall(r"`([\w]+)(?:/|\.py)", cell)]
    return list(dict.fromkeys(names))


def _imported(node: ast.AST) -> Iterator[str]:
    """The packages of ours that code imports when it runs, also inside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom) and (child.module or "").startswith("ltv_platform."):
            yield str(child.module).split(".")[1]
        yield from _imported(child)


def _unit(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_each_package_imports_only_those_above_it() -> None:
    """Otherwise the page would send a reader to code that they cannot understand yet."""
    position = {name: index for index, name in enumerate(_listed())}
    downward = {
        (_unit(path), imported)
        for path in PACKAGE.rglob("*.py")
        for imported in _imported(ast.parse(path.read_text("utf-8")))
        if _unit(path) in position and position.get(imported, 0) > position[_unit(path)]
    }
    assert downward == EXCEPTIONS


def test_every_package_is_on_the_page() -> None:
    """A new package needs a line that says what belongs there."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - set(_listed()) == set()


def test_the_page_names_files_that_exist() -> None:
    """Files that moved are found by their new names."""
    names = set(re.findall(r"`([\w./]+\.(?:py|sql))`", PAGE))
    known = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("ltv_platform*/**/*.*")]
    missing = {name for name in names if not any(f"/{path}".endswith(f"/{name}") for path in known)}
    assert missing == set()
