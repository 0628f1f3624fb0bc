"""The code of a module is what it runs: its own, and that of what it imports."""

import ast
import gc
from pathlib import Path

import pytest

from ltv_platform.result_cache import ResultCache
from ltv_platform.tables import source_code

#: A package of three modules, of which the first is asked about.
MODULES = {
    "fit.py": (
        '"""A fit."""\n'
        "from typing import TYPE_CHECKING\n"
        "from ltv_platform.sums import total\n"
        "if TYPE_CHECKING:\n"
        "    from ltv_platform.kinds import Kind\n"
        "def fit(rows: 'Kind') -> float:\n"
        "    # The sum.\n"
        "    from ltv_platform.folder import late\n"
        "    return total(rows) + late.X\n"
    ),
    "sums.py": "def total(rows):\n    return sum(rows)\n",
    "folder/__init__.py": "Y = 1\n",
    "folder/late.py": "X = 0\n",
    "kinds.py": "Kind = list\n",
    "other.py": "Z = 1\n",
}


@pytest.mark.parametrize(
    ("module", "edit", "another"),
    [
        ("fit.py", ("A fit.", "One fit."), False),
        ("fit.py", ("# The sum.", "# All of it."), False),
        ("fit.py", ("total(rows) + late.X", "total(rows)  +  late.X"), False),
        ("fit.py", ("total(rows) + late.X", "total(rows) - late.X"), True),
        ("sums.py", ("sum(rows)", "max(rows)"), True),
        ("folder/late.py", ("X = 0", "X = 2"), True),
        ("folder/__init__.py", ("Y = 1", "Y = 2"), False),
        ("kinds.py", ("list", "tuple"), False),
        ("other.py", ("Z = 1", "Z = 2"), False),
    ],
)
def test_code_is_what_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    edit: tuple[str, str],
    another: bool,
) -> None:
    """A fit is recomputed when code that it calls changes; words and types do not count."""

    def code(name: str, modules: dict[str, str]) -> str:
        root = tmp_path / name
        for path, text in modules.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        monkeypatch.setattr(source_code, "_ROOT", root)
        return source_code.code_of(root / "fit.py", ResultCache(tmp_path))

    assert edit[0] in MODULES[module]
    changed = {**MODULES, module: MODULES[module].replace(*edit)}
    assert (code("before", MODULES) != code("after", changed)) is another


def test_what_is_collected_meanwhile_may_compile(tmp_path: Path) -> None:
    """Python 3.11 took it for a defect: SystemError, AST constructor recursion depth mismatch."""

    class Closing:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            ast.parse("1 + 1")

    source = Path(source_code.__file__).read_text("utf-8")
    before = gc.get_threshold()
    gc.set_threshold(50)
    try:
        for number in range(20):
            for _ in range(20):
                Closing()
            module = tmp_path / f"module_{number}.py"
            module.write_text(source + f"\nX = {number}\n", "utf-8")
            assert source_code.code_of(module, ResultCache(tmp_path / "kept"))
    finally:
        gc.set_threshold(*before)
    assert gc.isenabled()
