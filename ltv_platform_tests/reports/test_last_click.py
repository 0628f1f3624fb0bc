"""Which channels last click credits too much."""

import pytest

from ltv_platform.reports.channels import CHANNELS
from ltv_platform.reports.last_click import Verdict, verdicts
from ltv_platform_tests.metrics.asking import values
from ltv_platform_tests.reports.showing import shown
from ltv_platform_tests.testing.home import Home


def _verdict(channel: str, last: float, ihc: float, *others: float) -> Verdict:
    credited = {"last": last, "ihc": ihc, **{f"m{n}": other for n, other in enumerate(others)}}
    verdict = Verdict.of(channel, credited, "ihc")
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("last", "ihc", "kind", "share"),
    [(12.0, 10.0, "over", 0.2), (10.4, 10.0, "alike", 0.04), (6.0, 8.0, "under", -0.25)],
)
def test_a_difference_of_five_percent_counts(
    last: float, ihc: float, kind: str, share: float
) -> None:
    """Smaller ones are not worth a sentence."""
    verdict = _verdict("Search", last, ihc)
    assert verdict.kind == kind
    assert verdict.share == pytest.approx(share)


def test_further_models_agree_or_not() -> None:
    """They agree if they differ from last click in the same direction."""
    assert (_verdict("Search", 12, 10, 9, 11, 13).agree, _verdict("Mail", 5, 8, 6, 4).agree) == (
        2,
        1,
    )
    assert _verdict("Search", 12, 10, 9, 11, 13).further == 3


def test_a_channel_that_only_last_click_credits() -> None:
    """There is no share of nothing."""
    verdict = _verdict("Mail", 3, 0)
    assert (verdict.kind, verdict.share) == ("over", None)


def test_over_credited_channels_come_first() -> None:
    """By the number of conversions, not by the share."""
    small, large, under = _verdict("a", 3, 1), _verdict("b", 50, 40), _verdict("c", 1, 9)
    assert verdicts([small, under, large]) == [large, small, under]
    assert Verdict.of("a", {"last": 1.0}, "ihc") is None
    assert Verdict.of("a", {"last": 1.0}, "last") is None


def test_the_page_answers_in_sentences(published_sample: Home) -> None:
    """One per channel, with the figures of the catalogue; the first one names the worst."""
    page = shown(published_sample, CHANNELS)
    credited = values(published_sample, "channel_conversions", by=("channel", "model"))
    channels = {channel for channel, _ in credited if not channel.startswith("(")}
    difference = {c: credited[c, "last"] - credited[c, "ihc"] for c in channels}
    worst = max(channels, key=lambda channel: difference[channel])
    assert f"Last click over-credits {worst} most: it gets {difference[worst]:,.2f}" in page.text
    for channel in channels:
        sentence = page.text.partition(f"{channel} : ")[2][:200]
        assert f"{credited[channel, 'last']:,.2f}" in sentence
        assert f"{credited[channel, 'ihc']:,.2f}" in sentence


def test_another_model_can_be_compared(published_sample: Home) -> None:
    """The model of the address decides all figures of the page."""
    page = shown(published_sample, CHANNELS, model="shapley")
    credited = values(
        published_sample, "channel_revenue", by=("channel",), where={"model": ("shapley",)}
    )
    in_table = [
        value for metric, value, _ in page.figures["channel-table"] if metric == "channel_revenue"
    ]
    assert sorted(in_table) == sorted(str(value) for value in credited.values())
    assert "shapley" in page.text
    last = shown(published_sample, CHANNELS, model="last")
    assert "choose another model to compare it with" in last.text


def test_complete_days_alone(published_sample: Home) -> None:
    """What later conversions can still credit is left out, and the switch says up to which day."""
    everything, mature = (
        shown(published_sample, CHANNELS, **address) for address in ({}, {"cohorts": "mature"})
    )
    # markov_path depends on the whole history, so it grows on any day.
    assert "partial" not in {state for *_, state in mature.figures["channel-table"]}
    assert {state for *_, state in everything.figures["channel-table"]} >= {"partial"}
    assert "All these days are complete." in mature.text


def test_costs_of_sessions_and_campaigns_stand_side_by_side(published_sample: Home) -> None:
    """The sample spends its money once: both feeds have the same sum."""
    page = shown(published_sample, CHANNELS)
    assert "both feeds contain the same costs" in page.text
    by_month = [m for m, *_ in page.figures["cost-table"]]
    assert by_month.count("spend") == by_month.count("channel_cost") > 12
