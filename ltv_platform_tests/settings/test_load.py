"""The messages about wrong settings."""

import pytest

from ltv_platform.errors import UserError
from ltv_platform.settings import load_settings


@pytest.mark.parametrize(
    "address",
    [
        "notaurl",
        "",
        "http://",
        "https:///x",
        "ftp://a",
        "http://a b",
        "http://a:99999",
        "http://[1",
    ],
)
def test_an_address_has_a_scheme_and_a_host(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong address is refused before thirty requests fail."""
    monkeypatch.setenv("LTV_IHC_URL", address)
    with pytest.raises(UserError) as caught:
        load_settings()
    assert caught.value.message == (
        "A setting is wrong. LTV_IHC_URL: must be http:// or https:// and a host, such as "
        f"https://example.com (it is {address!r})"
    )


def test_a_slash_at_the_end_of_an_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTV_IHC_URL", "http://127.0.0.1:8750/ihc/")
    assert load_settings().ihc_url == "http://127.0.0.1:8750/ihc"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            '{"closer": {}}',
            "LTV_IHC_REDISTRIBUTION closer.direction: Field required; "
            "LTV_IHC_REDISTRIBUTION closer.redistribution_channel_labels: Field required",
        ),
        (
            '{"opener": 1}',
            "LTV_IHC_REDISTRIBUTION opener: Extra inputs are not permitted (it is 1)",
        ),
        (
            "closer",
            "LTV_IHC_REDISTRIBUTION: is not valid JSON: Expecting value: line 1 column 1 (char 0) "
            "(it is 'closer')",
        ),
    ],
)
def test_what_is_wrong_inside_a_setting_is_named(
    given: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its path in the JSON."""
    monkeypatch.setenv("LTV_IHC_REDISTRIBUTION", given)
    with pytest.raises(UserError) as caught:
        load_settings()
    assert caught.value.message == f"A setting is wrong. {said}"


def test_no_redistribution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty is as good as unset, and {} too."""
    said = []
    for given in ("", "{}"):
        monkeypatch.setenv("LTV_IHC_REDISTRIBUTION", given)
        said.append(load_settings().ihc_redistribution.model_dump(exclude_none=True))
    assert said == [{}, {}]
