"""The process of a contender: import it, note the memory so far, run it, hand back the figures."""

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.processes import ContenderError, Measurement, Stopwatch, peak_bytes


def main(request: Mapping[str, Any]) -> None:
    """Run ``function`` with ``arguments`` and write the measurement into the file ``answer``."""
    module, _, name = request["function"].partition(":")
    function = getattr(importlib.import_module(f"benchmarks.{module}"), name)
    baseline = peak_bytes()
    watch = Stopwatch()
    try:
        facts = function(watch, **request["arguments"])
    except ContenderError as error:
        sys.exit(f"{request['function']}: {error}")
    measurement = Measurement(watch.steps, watch.cpu_steps, baseline, watch.peak_bytes, facts or {})
    Path(request["answer"]).write_text(json.dumps(asdict(measurement)), "utf-8")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
