"""The command line in homes of its own."""

from ltv_platform_tests.end_to_end.conftest import fresh_homes, ltv

__all__ = ["fresh_homes", "ltv"]
