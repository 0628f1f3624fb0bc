"""The code of a module is what it runs: its own, and that of what it imports."""

from pathlib import Path

import pytest

from ltv_platform import source_code
from ltv_platform.kept import Kept

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
    """A fit is made anew when what it calls changes; words, types and neighbours are no code."""

    def code(name: str, modules: dict[str, str]) -> str:
        root = tmp_path / name
        for path, text in modules.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        monkeypatch.setattr(source_code, "_ROOT", root)
        return source_code.code_of(root / "fit.py", Kept(tmp_path))

    assert edit[0] in MODULES[module]
    changed = {**MODULES, module: MODULES[module].replace(*edit)}
    assert (code("before", MODULES) != code("after", changed)) is another
