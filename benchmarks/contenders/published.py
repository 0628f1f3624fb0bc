"""What a publish wrote and what it linked, by the inodes of its files."""

from ltv_platform.published.current import Snapshot


def inodes(snapshot: Snapshot | None) -> dict[str, int]:
    """The inode of each file of a snapshot, by its path within."""
    if snapshot is None:
        return {}
    return {
        part["file"]: (snapshot.path / part["file"]).stat().st_ino
        for table in snapshot.manifest["tables"].values()
        for part in table["parts"]
    }


def written_and_linked(snapshot: Snapshot, before: dict[str, int]) -> dict[str, int]:
    """Files and bytes that are new in a snapshot, and those that it shares with the last one."""
    figures = dict.fromkeys(
        (
            *("parts_written", "bytes_written", "parts_linked", "bytes_linked"),
            *("table_bytes_written", "rows"),
        ),
        0,
    )
    known = set(before.values())
    for table in snapshot.manifest["tables"].values():
        figures["rows"] += table["rows"]
        for part in table["parts"]:
            status = (snapshot.path / part["file"]).stat()
            what = "linked" if status.st_ino in known else "written"
            figures[f"parts_{what}"] += 1
            figures[f"bytes_{what}"] += status.st_size
            # Loads, quarantine and staleness change with every load and are always written.
            if what == "written" and table["layer"] != "operations":
                figures["table_bytes_written"] += status.st_size
    figures["tables"] = len(snapshot.manifest["tables"])
    return figures
