"""What `generate` promises about its files: bytes, size, columns, errors, independent batches."""

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pytest

from ltv_platform.bundled import bundled_data
from ltv_platform.sample import generate
from ltv_platform.sample.csv_files import COLUMNS, TABLES

from .conftest import BUNDLED, Sample, generate_bundled
from .reading import rows


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_same_parameters_give_the_same_bytes_and_another_seed_others(
    sample: Sample, tmp_path: Path
) -> None:
    """Every file except campaigns.csv, which contains only the plan, depends on the seed."""
    generate_bundled(tmp_path / "again")
    generate_bundled(tmp_path / "other", seed=8)
    again, other, first = (
        _bytes(folder) for folder in (tmp_path / "again", tmp_path / "other", sample.folder)
    )
    assert again == first
    assert [name for name in first if first[name] == other[name]] == ["campaigns.csv"]


def test_bytes_are_the_same_on_every_machine(tmp_path: Path) -> None:
    """A pinned digest: numpy, Arrow and the platform must not change a byte.

    An intended change of the generator changes it too; then data/sample must be regenerated.
    """
    generate(customers=1_000, days=14, seed=0, out=tmp_path)
    digest = sha256(b"".join(_bytes(tmp_path).values())).hexdigest()
    assert digest == "132a2f1616b4b335e82bf94c834166851eff55cbad7d6f76c7ba8d87df4e2d15"


def test_the_bundled_sample_is_small(sample: Sample) -> None:
    """At most 2 MB with its truths, and exactly the columns of tables.md."""
    files = [sample.folder / f"{table}.csv" for table in TABLES]
    assert sum(file.stat().st_size for file in sample.folder.iterdir()) <= 2_000_000
    for file, columns in zip(files, COLUMNS.values(), strict=True):
        assert file.read_text(encoding="utf-8").splitlines()[0] == ",".join(columns)


def test_the_bundled_sample_is_what_generate_writes(sample: Sample) -> None:
    """Changing the generator without running `ltv sample` again would leave wrong figures."""
    assert _bytes(Path(str(bundled_data() / "sample"))) == _bytes(sample.folder)


def test_truths_json_is_what_generate_returns(sample: Sample) -> None:
    """The file and the returned object are the same, and the row counts are the files' own."""
    written = json.loads((sample.folder / "truths.json").read_text(encoding="utf-8"))
    assert written == asdict(sample.truths)
    for table, truth in sample.truths.tables.items():
        assert truth.rows == len(rows(sample.folder, table))


def test_the_figures_do_not_depend_on_the_batches(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches only order the rows: draws belong to customers, so lines and truths stay."""
    monkeypatch.setattr("ltv_platform.sample.generator.CUSTOMERS_PER_BATCH", 333)
    reported: list[int] = []
    customers, days, seed = BUNDLED
    truths = generate(
        customers=customers, days=days, seed=seed, out=tmp_path, progress=reported.append
    )
    assert reported == [333, 666, 999, 1_332, 1_500]
    assert truths == sample.truths
    for name, content in _bytes(tmp_path).items():
        assert sorted(content.splitlines()) == sorted(
            (sample.folder / name).read_bytes().splitlines()
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"customers": 0}, "customers must be between 1 and 10,000,000, not 0"),
        ({"customers": 10_000_001}, "customers must be between"),
        ({"days": 13}, "days must be between 14 and 1,000, not 13"),
        ({"days": 1_001}, "days must be between"),
        ({"seed": -1}, "seed must be 0 or more, not -1"),
    ],
)
def test_parameters_out_of_range_are_refused(
    changed: dict[str, int], message: str, tmp_path: Path
) -> None:
    """The message says what is allowed, and nothing is written."""
    asked = {"customers": 1_000, "days": 30, "seed": 1} | changed
    with pytest.raises(ValueError, match=message):
        generate(
            customers=asked["customers"],
            days=asked["days"],
            seed=asked["seed"],
            out=tmp_path / "sample",
        )
    assert not (tmp_path / "sample").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Instead of a stack trace from the middle of writing."""
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file; name a folder"):
        generate(customers=1_000, days=30, seed=1, out=tmp_path / "file")


def test_a_single_customer_is_a_sample(tmp_path: Path) -> None:
    """The smallest sizes carry no plants but are still valid."""
    truths = generate(customers=1, days=14, seed=3, out=tmp_path)
    assert sum(truths.installs_by_country.values()) == 1
    assert truths.tables["transactions"].before_start == 0
