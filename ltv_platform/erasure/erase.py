"""The order of an erasure; after a kill at any point, a second call completes it.

1. Everything of the person is searched for, and written to a journal (``identifiers``).
2. One transaction puts them on the list and deletes their rows from the log, quarantine, core and
   marts (``raw_rows``). From here on no file brings them back. User tables follow (``own_rows``).
3. Files of landing and loaded are rewritten (``files``), then Dagster's history (``history``).
4. The caller's refresh builds and publishes the figures without them.
5. The warehouse file is rewritten, older snapshots are deleted, exports are written again.
6. The journal is removed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ltv_platform.erasure import history, identifiers, own_rows, raw_rows, snapshots
from ltv_platform.erasure.files import FileFindings, kept_files, search_files, strip_files
from ltv_platform.erasure.finding import Finder, open_finder
from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.kept_rows import Kept, find_kept
from ltv_platform.erasure.sightings import may_name
from ltv_platform.errors import UserError
from ltv_platform.export.sqlite_database import export_sqlite, is_export
from ltv_platform.failpoints import failpoint
from ltv_platform.ingestion.adapters.person_ids import person_id
from ltv_platform.ingestion.suppression.keys import (
    CUSTOMER,
    Suppressed,
    keep_key,
    read_suppressed,
    with_key,
)
from ltv_platform.ingestion.suppression.texts import Needles
from ltv_platform.published.snapshot import forget_others
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Engine

Progress = Callable[[str], None]

#: Report files that every refresh rewrites; they contain only sums.
_REPORTS = {
    *("overview.html", "campaigns.html", "channels.html", "customers.html"),
    *("forecasts.html", "data.html", "channel_reporting.csv"),
}


@dataclass(frozen=True)
class Finding:
    """Data of a person in one location.

    Attributes:
        location: A table, or a file under LTV_HOME.
        what: The kind of data.
        count: How many; None: not counted.
        becomes: What happens to it.
    """

    location: str
    what: str
    count: int | None
    becomes: str


@dataclass
class Survey:
    """Everything known about a person, before anything is changed.

    Attributes:
        identifiers: The person and the ids of their rows.
        suppressed: The current list, with a key.
        listed: The person is on the list: they were erased before.
        rows: Rows by table.
        kept: Rows of quarantine.
        files: Findings in files of landing and loaded.
        texts: Texts of Dagster's history by file.
        snapshots: Rows by snapshot.
        exports: Exports under LTV_HOME.
    """

    identifiers: Identifiers
    suppressed: Suppressed
    listed: bool
    rows: dict[str, int] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    files: FileFindings = field(default_factory=FileFindings)
    texts: dict[Path, int] = field(default_factory=dict)
    snapshots: dict[str, int] = field(default_factory=dict)
    exports: list[Path] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether anything is known about them, or they were erased before."""
        return self.listed or bool(
            any(self.rows.values())
            or self.kept.count
            or self.files.counts
            or self.files.unread
            or self.texts
            or any(self.snapshots.values())
        )


@dataclass
class Erased:
    """The result of an erasure.

    Attributes:
        findings: What was removed, by location.
        notes: What the user should also look at.
        errors: What still contains the person and must be fixed by hand.
    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)


def survey(engine: Engine, person: str, progress: Progress) -> Survey:
    """Search for a person everywhere, without changing anything.

    Args:
        engine: The warehouse.
        person: The customer id, trimmed.
        progress: Called with a description of each step.

    Raises:
        UserError: the key of the list is lost.
    """
    settings = engine.settings
    progress("searching the warehouse")
    with open_finder(settings) as finder:
        suppressed = with_key(read_suppressed(engine, settings))
        pending = identifiers.read_journal(settings)
        found = Identifiers(frozenset([person]))
        found = found if pending is None else found | pending
        kept, found = _in_warehouse(engine, finder, suppressed, found)
        files, found = search_files(
            engine, finder, lambda known: _list_of(suppressed, known), found, progress
        )
        # Files may name sessions whose costs are in the log or in quarantine.
        kept, found = _in_warehouse(engine, finder, suppressed, found)
    with engine.hold():
        rows = {
            **raw_rows.count_rows(engine, engine.catalog, found),
            **own_rows.count_rows(engine, found),
        }
    progress("searching Dagster's history and the snapshots")
    needles = Needles(found.all(), in_names=True)
    texts = {path: history.names_in(path, needles) for path in history.history_files(settings)}
    return Survey(
        found,
        suppressed,
        listed=suppressed.holds(CUSTOMER, person),
        rows=rows,
        kept=kept,
        files=files,
        texts={path: count for path, count in texts.items() if count},
        snapshots={
            folder.name: snapshots.rows_in_snapshot(folder, found)
            for folder in snapshots.snapshot_folders(settings)
        },
        exports=_exports(settings),
    )


def _list_of(suppressed: Suppressed, found: Identifiers) -> Suppressed:
    return suppressed.together_with(raw_rows.to_be_listed(found))


def _in_warehouse(
    engine: Engine, finder: Finder, suppressed: Suppressed, found: Identifiers
) -> tuple[Kept, Identifiers]:
    """Rows in quarantine, and the identifiers, completed from the log and quarantine."""
    with engine.hold():
        for person in found.persons:
            found |= raw_rows.identifiers_in_log(engine, person)
        kept = find_kept(engine, finder, _list_of(suppressed, found), found.persons)
        for table, keys in kept.keys.items():
            found = found.with_keys(engine.catalog.sources[table].person_source or table, keys)
        return kept, raw_rows.not_of_others(engine, found)


def findings(engine: Engine, seen: Survey) -> list[Finding]:
    """The findings of a survey by location, and what an erasure does with them."""
    settings = engine.settings

    def all_of_them() -> Iterator[Finding]:
        for table, count in seen.rows.items():
            derived = table.startswith(("core.", "marts."))
            becomes = "rebuilt without them" if derived else "deleted"
            yield Finding(table, "rows", count, becomes)
        yield Finding("raw.quarantine", "rows", seen.kept.count, "deleted")
        for path, count in seen.files.counts.items():
            yield Finding(_under(settings, path), "records", count, "rewritten without them")
        for path in seen.files.unread:
            yield Finding(_under(settings, path), "may name them", None, "stays: cannot be read")
        for path, count in seen.texts.items():
            yield Finding(_under(settings, path), "texts", count, "redacted")
        for name, count in seen.snapshots.items():
            yield Finding(f"published/{name}", "rows", count, "replaced by a new snapshot")

    found = [each for each in all_of_them() if each.count != 0]
    for path in seen.exports:
        found.append(Finding(_under(settings, path), "export", None, "made again"))
    found.append(Finding("reports/", "sums", None, "made again"))
    found.append(Finding(settings.warehouse_path.name, "deleted bytes", None, "file rewritten"))
    return found


def erase(engine: Engine, seen: Survey, refresh: Callable[[], None], progress: Progress) -> Erased:
    """Erase a person; the caller must hold the lock of runs.

    Args:
        engine: The warehouse.
        seen: The findings.
        refresh: Rebuilds what is stale and publishes it.
        progress: Called with a description of each step.

    Returns:
        The result, including what could not be done.

    Raises:
        UserError: figures could not be rebuilt, or Dagster's history is in use; the same call
            resumes from there.
    """
    settings = engine.settings
    done = Erased(findings(engine, seen))
    with open_finder(settings) as finder:
        found, suppressed = _remove_from_warehouse(engine, finder, seen, progress)
        needles = Needles(found.all(), id_of=partial(person_id, settings))
        stripped = strip_files(
            engine, finder, suppressed, seen.files, needles=needles, progress=progress
        )
    done.errors += [_still_there(path, error) for path, error in stripped.unread.items()]
    done.notes += [
        f"{_under(settings, path)} is {text.name} now: it keeps only the sheet that is loaded"
        for path, text in stripped.replaced.items()
    ]
    failpoint("files stripped, history not redacted")
    progress("redacting Dagster's history")
    in_use = _redact_history(settings, Needles(found.all(), in_names=True))
    failpoint("history redacted, figures not rebuilt")
    progress("rebuilding the figures")
    try:
        refresh()
    finally:
        progress("rewriting the warehouse file")
        engine.compact()
    snapshots.check_current(settings, found)
    forget_others(settings)
    failpoint("snapshots removed")
    done.errors += _export_again(settings)
    done.errors += [
        UserError(
            f"Your own table {table} still contains the person.",
            "Materialize its asset again for all partitions, then erase the person again.",
        )
        for table in own_rows.still_naming(engine, found)
    ]
    if in_use is not None:
        raise in_use
    done.notes += [
        f"{_under(settings, path)} was not written by the platform and may name this person: "
        "check it"
        for path in _others(engine)
        if may_name(path, needles)
    ]
    identifiers.remove_journal(settings)
    return done


def _remove_from_warehouse(
    engine: Engine, finder: Finder, seen: Survey, progress: Progress
) -> tuple[Identifiers, Suppressed]:
    settings = engine.settings
    keep_key(seen.suppressed, settings)
    progress("removing rows from the warehouse")
    with engine.hold():
        # Files may have been loaded since.
        kept, found = _in_warehouse(engine, finder, seen.suppressed, seen.identifiers)
        identifiers.write_journal(settings, found)
        failpoint("erasure written down, nothing removed")
        suppressed = _list_of(seen.suppressed, found)
        raw_rows.remove_rows(engine, found, suppressed, kept)
        own_rows.remove_rows(engine, found)
    failpoint("rows removed, files not rewritten")
    return found, suppressed


def _redact_history(settings: Settings, needles: Needles) -> UserError | None:
    """Redact every file; returns the error of the first one that is in use."""
    first = None
    for path in history.history_files(settings):
        try:
            history.redact(path, needles)
        except FileNotFoundError:  # removed by a run
            continue
        except UserError as error:
            first = first or error
    return first


def _still_there(path: Path, error: UserError) -> UserError:
    return UserError(
        f"{path} may still contain the person: {error.message}",
        f"{error.hint} Or delete the file: its loaded rows stay in the warehouse.",
    )


def _exports(settings: Settings) -> list[Path]:
    if not settings.reports_path.is_dir():
        return []
    return sorted(
        path for path in settings.reports_path.rglob("*") if path.is_file() and is_export(path)
    )


def _export_again(settings: Settings) -> list[UserError]:
    errors = []
    for path in _exports(settings):
        try:
            export_sqlite(settings, path)
        except UserError as error:
            errors.append(_still_there(path, error))
    return errors


def _others(engine: Engine) -> Iterator[Path]:
    """Files under LTV_HOME that nothing above handles."""
    settings = engine.settings
    kept = {each.path for each in kept_files(engine)}
    loads = {load_id for (load_id,) in engine.rows("SELECT load_id FROM raw.loads")}
    not_personal = {
        name for name, source in engine.catalog.sources.items() if not source.is_personal
    }
    for path in sorted(settings.home.rglob("*")):
        if not path.is_file() or path.is_symlink() or path in kept:
            continue
        folder, *inside = path.relative_to(settings.home).parts
        if not inside:
            ours = path.name.startswith(settings.warehouse_path.name) or path in (
                settings.erasure_key_path,
                settings.erasure_journal_path,
                settings.id_salt_path,
            )
        else:
            ours = (
                path.is_relative_to(settings.own_path)
                or folder in (settings.published_path.name, settings.dagster_path.name)
                or (folder == "loaded" and inside[0] in loads)
                or (folder == "landing" and inside[0].partition("@")[0] in not_personal)
                or (folder == "reports" and (path.name in _REPORTS or is_export(path)))
                # What arrives during the erasure is blocked when it is loaded.
                or folder == settings.spool_path.name
                or folder.startswith("staging_")
            )
        if not ours:
            yield path


def _under(settings: Settings, path: Path) -> str:
    return str(path.relative_to(settings.home))
