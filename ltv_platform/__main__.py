"""``python -m ltv_platform`` is ``ltv``."""

from ltv_platform.cli import main

main()
