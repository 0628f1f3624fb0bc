"""Compressed event texts for SQLite: a tenth of the size, as most of each text is always the same.

Dagster stores an event as JSON of about a thousand bytes; only the partition's name, its rows and
the run differ. Deflate with a dictionary of the constant text leaves about eighty bytes.
"""

import zlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as db

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

#: The first byte of a compressed value: says which dictionary it needs.
_FIRST = b"\x01"

#: Text of Dagster's events, the most frequent last. Stored values can only be read with it, so it
#: must never change: a better dictionary needs another first byte.
_DICTIONARY = (
    b'"blocking": null, "check_name": "unique_key", "metadata": {"repeated_keys": {"__class__": '
    b'"severity": {"__enum__": "AssetCheckSeverity.WARN"}, AssetCheckSeverity.ERROR"}, "success": '
    b'true, "target_materialization_data": {"__class__": "AssetCheckEvaluationTargetMaterialization'
    b'Data", "run_id": ", "storage_id": "__class__": "AssetCheckEvaluationPlanned", '
    b'"__class__": "AssetCheckEvaluation", ASSET_CHECK_EVALUATION", "message": "Asset check '
    b'\'unique_key\' on \'marts/core/ passed."{"__class__": "StepOutputData", "metadata_entries": '
    b'[], "step_output_handle": {"__class__": "StepOutputHandle", "mapping_key": null, '
    b'"output_name": "marts__core__, "step_key": "}, "type_check_data": {"__class__": '
    b'"TypeCheckData", "description": null, "label": "", "metadata_entries": [], "success": true}, '
    b'"version": null}, "event_type_value": "STEP_OUTPUT", "message": "Yielded output \\"core__'
    b'\\" of type \\"Any\\". (Type check passed).", "logging_tags": {"job_name": "refresh", '
    b'"op_name": "campaignscustomersattributionforecasts", "resource_fn_name": "None", '
    b'"resource_name": "None", "run_id": "", "step_key": "}, "pid": "solid_handle": {"__class__": '
    b'"SolidHandle", "name": "", "parent": null}, "step_handle": {"__class__": "StepHandle", '
    b'"key": "", "solid_handle": {"__class__": "SolidHandle", "name": "core", "parent": null}}, '
    b'"step_key": "core", "step_kind_value": "COMPUTE"}, "error_info": null, "level": 20, '
    b'{"__class__": "EventMetadataEntry", "description": null, "entry_data": {"__class__": '
    b'"FloatMetadataEntryData", "value": 0.0}, "label": "seconds"}, {"__class__": '
    b'"EventMetadataEntry", "description": null, "entry_data": {"__class__": '
    b'"TextMetadataEntryData", "text": "2025-12-31 00:00:00"}, "label": "revenue_watermark"}, '
    b'"as_of_epoch_seconds"}, "rows_written"}, "days_written"}, "dagster/row_count"}, '
    b'{"__class__": "EventLogEntry", "dagster_event": {"__class__": "DagsterEvent", '
    b'"event_specific_data": {"__class__": "AssetMaterializationPlannedData", "asset_key": '
    b'{"__class__": "AssetKey", "path": ["marts", "campaign_"]}, "partitions_subset": null}, '
    b'"event_type_value": "ASSET_MATERIALIZATION_PLANNED", '
    b'{"__class__": "EventLogEntry", "dagster_event": {"__class__": "DagsterEvent", '
    b'"event_specific_data": {"__class__": "StepMaterializationData", "asset_lineage": [], '
    b'"materialization": {"__class__": "AssetMaterialization", "asset_key": {"__class__": '
    b'"AssetKey", "path": ["core", "customer_transactions"]}, "description": null, '
    b'"metadata_entries": [{"__class__": "EventMetadataEntry", "description": null, "entry_data": '
    b'{"__class__": "IntMetadataEntryData", "value": 0}, "label": "dagster/partition_row_count"}], '
    b'"partition": "2026-01-01", "tags": null}}, "event_type_value": "ASSET_MATERIALIZATION", '
    b'"logging_tags": {}, "message": null, "pid": null, "pipeline_name": "refresh", '
    b'"solid_handle": null, "step_handle": null, "step_key": null, "step_kind_value": null}, '
    b'"error_info": null, "level": 10, "message": "", "pipeline_name": "refresh", "run_id": "", '
    b'"step_key": null, "timestamp": 17, "user_message": ""}'
)


def compressed(text: str) -> bytes:
    """The text in its stored form."""
    packer = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS, zdict=_DICTIONARY)
    return _FIRST + packer.compress(text.encode()) + packer.flush()


def is_compressed(stored: bytes) -> bool:
    """Whether :func:`compressed` made it."""
    return stored.startswith(_FIRST)


def decompressed(stored: bytes) -> str:
    """The original text.

    Raises:
        ValueError: it was not stored by :func:`compressed`.
    """
    if not is_compressed(stored):
        raise ValueError("An event is stored in a format that this version cannot read.")
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=_DICTIONARY)
    return (unpacker.decompress(stored[len(_FIRST) :]) + unpacker.flush()).decode()


class CompressedText(db.TypeDecorator[str]):
    """A text column, compressed in SQLite and stored as it is in other databases.

    Values that were stored uncompressed are read as they are.
    """

    impl = db.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: "Dialect") -> Any:
        """The stored form of a value."""
        return compressed(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: "Dialect") -> str | None:
        """The value that Dagster reads."""
        return decompressed(value) if isinstance(value, bytes) else value
