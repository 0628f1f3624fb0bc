"""Raw data of AppsFlyer as it writes it: installs and events with their dirt."""

from ltv_platform_tests.ingestion.adapters.formats.exported import (
    csv_text,
    names,
)

_CONTRIBUTORS = [
    f"Contributor {n} {what}"
    for n in (1, 2, 3)
    for what in ("Partner", "Media Source", "Campaign", "Touch Type", "Touch Time")
]
_BEFORE = """
Attributed Touch Type,Attributed Touch Time,Install Time,Event Time,Event Name,
Event Value,Event Revenue,Event Revenue Currency,Event Revenue USD,Event Source,
Is Receipt Validated,Partner,Media Source,Channel,Keywords,Campaign,Campaign ID,
Adset,Adset ID,Ad,Ad ID,Ad Type,Site ID,Sub Site ID,Sub Param 1,Cost Model,
Cost Value,Cost Currency
"""
_BEHIND = """
Region,Country Code,State,City,Postal Code,DMA,IP,WIFI,Operator,Carrier,
Language,AppsFlyer ID,Advertising ID,IDFA,Android ID,Customer User ID,IMEI,
Platform,Device Type,OS Version,App Version,App ID,Is Retargeting,
Retargeting Conversion Type,Attribution Lookback,Reengagement Window,
Is Primary Attribution,User Agent
"""
HEADER = [*names(_BEFORE), *_CONTRIBUTORS, *names(_BEHIND)]
FACEBOOK = {
    "Media Source": "Facebook Ads",
    "Campaign": "Summer",
    "Campaign ID": "111",
    "Attributed Touch Type": "click",
}


def install(device: str, user: str, time: str, *more: dict[str, str]) -> dict[str, str]:
    row = {
        "AppsFlyer ID": device,
        "Customer User ID": user,
        "Install Time": time,
        "Event Time": time,
        "Event Name": "install",
        "Platform": "ios",
        "Country Code": "DE",
        "Is Retargeting": "false",
        "Is Primary Attribution": "true",
        "IP": "203.0.113.9",
        "City": "Musterstadt",
    }
    for each in more:
        row.update(each)
    return row


#: User and install time by device.
INSTALLS = {
    "a-1": ("u1", "2025-06-01 10:00:00"),
    "a-2": ("u2", "2025-06-01 11:00:00"),
    "a-4": ("u4", "2025-06-02 09:00:00"),
    "a-9": ("u9", "2025-05-20 10:00:00"),
    "a-10": ("N/A", "2025-05-21 10:00:00"),
    "a-11": ("u11", "2025-06-09 10:00:00"),
}


def event(device: str, time: str, *more: dict[str, str]) -> dict[str, str]:
    at = time if ":" in time else f"{time} 10:00:00"
    given = {"Event Time": f"2025-{at}", "Event Name": "af_purchase"}
    return install(device, *INSTALLS[device], given, *more)


def paid(amount: str, currency: str, usd: str) -> dict[str, str]:
    return {
        "Event Revenue": amount,
        "Event Revenue Currency": currency,
        "Event Revenue USD": usd,
        "Event Value": '{"af_email":"jane@example.com","af_price":"' + amount + '"}',
    }


def cost(value: str, currency: str) -> dict[str, str]:
    return {"Cost Model": "CPI", "Cost Value": value, "Cost Currency": currency}


RETARGETED = {"Is Retargeting": "true", "Retargeting Conversion Type": "re-engagement"}
NA = "N/A"
ROWS = [
    install(
        "a-1",
        "u1",
        "2025-06-01 10:00:00",
        FACEBOOK,
        cost("2.50", "USD"),
        {
            "Attributed Touch Time": "2025-06-01 09:50:00",
            "Contributor 1 Media Source": "tiktokglobal_int",
            "Contributor 1 Touch Type": "click",
            "Contributor 1 Touch Time": "2025-06-01 08:00:00",
            "Contributor 2 Media Source": "googleadwords_int",
            "Contributor 2 Touch Type": "impression",
            "Contributor 2 Touch Time": "2025-05-31 20:00:00.000",
        },
    ),
    install(
        "a-2",
        "u2",
        "2025-06-01 11:00:00",
        FACEBOOK,
        cost("1.25", "USD"),
        {"Attributed Touch Time": "2025-06-01 10:59:00"},
    ),
    install("a-3", NA, "2025-06-01 12:00:00", cost("0", "USD"), {"Media Source": "organic"}),
    install(
        "a-4",
        "u4",
        "2025-06-02 09:00:00",
        cost("3", "EUR"),
        {
            "Media Source": "googleadwords_int",
            "Campaign": 'Été; "Soldes"\nnew',
            "Attributed Touch Type": "click",
            "Attributed Touch Time": "2025-06-02 08:59:00",
            "Platform": "android",
            "Country Code": "FR",
        },
    ),
    install(
        "a-5",
        "u5",
        "2025-06-02 10:00:00",
        FACEBOOK,
        cost("0.75", "USD"),
        {
            "Attributed Touch Type": "impression",
            "Attributed Touch Time": "2025-06-01 22:00:00",
            "Event Name": NA,
        },
    ),
    install("a-1b", "u1", "2025-06-20 08:00:00", {"Media Source": "organic"}),
    install("a-6", "u6", "yesterday", {"Media Source": "organic"}),
    install(
        "a-7",
        "u7",
        "2025-06-05 10:00:00",
        FACEBOOK,
        cost("9.00", "USD"),
        {
            "Is Retargeting": "true",
            "Retargeting Conversion Type": "re-attribution",
            "Is Primary Attribution": "false",
        },
    ),
    install(
        "a-8",
        "u8",
        "2025-06-06 10:00:00",
        FACEBOOK,
        RETARGETED,
        {"Event Name": "re-engagement", "Attributed Touch Time": "2025-06-06 09:00:00"},
    ),
    event(
        "a-1",
        "06-03",
        FACEBOOK,
        paid("9.99", "USD", "9.99"),
        {"Attributed Touch Time": "2025-06-01 09:50:00", "Country Code": "AT"},
    ),
    event(
        "a-1",
        "06-03",
        FACEBOOK,
        paid("9.990", "USD", "9.99"),
        {"Attributed Touch Time": "2025-06-01 09:50:00", "Country Code": "AT"},
    ),
    event("a-1", "06-04", FACEBOOK, paid("-9.99", "USD", "-9.99"), {"Event Name": "af_refund"}),
    event("a-2", "06-05", FACEBOOK, paid("1200", "JPY", "8.10")),
    event("a-4", "06-06", paid("100.00", "EUR", "108.00"), {"Media Source": "googleadwords_int"}),
    event("a-9", "06-07", FACEBOOK, paid("4", "USD", "4")),
    event("a-9", "06-08", FACEBOOK, paid("0", "USD", "0")),
    event(
        "a-10",
        "06-08",
        paid("0.5", "USD", "0.5"),
        {"Media Source": "organic", "Event Name": "af_ad_revenue"},
    ),
    event(
        "a-11",
        "06-09 11:00:00",
        FACEBOOK,
        RETARGETED,
        paid("20.00", "USD", "20.00"),
        {"Attributed Touch Time": "2025-06-09 09:00:00"},
    ),
    # In the window of a re-engagement: once for each of the two attributions.
    event(
        "a-1", "06-10", FACEBOOK, paid("7.00", "USD", "7.00"), {"Is Primary Attribution": "false"}
    ),
    event("a-1", "06-10", FACEBOOK, RETARGETED, paid("7.00", "USD", "7.00")),
    event("a-2", "06-11", FACEBOOK, paid("1,5 x", "USD", NA)),
    *(event("a-2", f"06-12 10:00:0{n}", FACEBOOK, {"Event Name": "login"}) for n in range(9)),
]


def written(rows: list[dict[str, str]], header: list[str] = HEADER) -> bytes:
    return csv_text(header, rows, empty=NA).encode("utf-8-sig")
