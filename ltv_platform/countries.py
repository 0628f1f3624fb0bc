"""Names and codes of countries, and the two-letter codes that figures use.

ISO 3166-1 alpha-3 codes and English names (ISO 3166-1, and Unicode CLDR if it differs), with a
few that exports use, such as UK. The list is ``countries.csv``.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def country_codes() -> Mapping[str, str]:
    """Two-letter codes by upper-case name; the codes themselves are not keys."""
    text = (files("ltv_platform") / "countries.csv").read_text("utf-8")
    return {row["name"]: row["code"] for row in csv.DictReader(text.splitlines())}


def country_of(given: str) -> str:
    """The country that figures use for one that a source gives."""
    folded = given.strip().upper()
    return country_codes().get(folded, folded)


def is_known(given: str) -> bool:
    """Whether a text is the code or name of a country in ISO 3166-1."""
    return country_of(given) in set(country_codes().values())
