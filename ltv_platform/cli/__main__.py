"""``python -m ltv_platform.cli`` is ``ltv``."""

from ltv_platform.cli import main

main()
