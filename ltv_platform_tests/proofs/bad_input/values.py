"""Rules for values (tables.md), late parents, and the start of the partitions."""

import json
from pathlib import Path

from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.testing.home import HEADERS

CASES = Cases("bad input: values")

SALES = "transaction_id,customer_id,transaction_date,amount"


def transactions(desk: Desk, column: str, *texts: str) -> str:
    """Ingest transactions, valid except for the texts in one column; return what was seen."""
    fine = {
        "transaction_id": "t{}",
        "customer_id": "c1",
        "transaction_date": "2025-06-01 10:00:00",
        "amount": "9.99",
        "currency": "",
    }
    rows = (
        ",".join({**fine, column: f'"{text}"'}.values()).format(number)
        for number, text in enumerate(texts)
    )
    return desk.text("transactions", "\n".join([",".join(fine), *rows]) + "\n")


def reasons(desk: Desk) -> str:
    """The reasons of the rows in quarantine, each with the given value."""
    return desk.values("SELECT array_to_string(reasons, '; ') FROM raw.quarantine ORDER BY line")


def kept(desk: Desk, column: str) -> str:
    """The values of a column in the log, in the order of the file."""
    return desk.values(f"SELECT {column} FROM raw.transactions ORDER BY line")


@CASES.case(
    "timestamps: plain, T, a fraction, a bare day, Z, +02, -05:30, Europe/Berlin",
    "8 in file: 8 accepted; 2025-06-01 10:30:00, 2025-06-01 10:30:00, 2025-06-01 10:30:00.250000, "
    "2025-06-01 00:00:00, 2025-06-01 10:30:00, 2025-06-01 08:30:00, 2025-06-01 16:00:00, "
    "2025-06-01 08:30:00",
)
def timestamps_in_every_spelling(folder: Path) -> str:
    desk = Desk(folder)
    seen = transactions(
        desk,
        "transaction_date",
        "2025-06-01 10:30:00",
        "2025-06-01T10:30:00",
        "2025-06-01 10:30:00.25",
        "2025-06-01",
        "2025-06-01T10:30:00Z",
        "2025-06-01 10:30:00+02",
        "2025-06-01 10:30:00-05:30",
        "2025-06-01 10:30:00 Europe/Berlin",
    )
    return f"{seen}; {kept(desk, 'transaction_date')}"


@CASES.case(
    "the same with LTV_SOURCE_TIMEZONE=Europe/Berlin: plain, Z, a bare day",
    "3 in file: 3 accepted; 2025-06-01 08:30:00, 2025-06-01 10:30:00, 2025-05-31 22:00:00",
)
def timestamps_under_a_source_timezone(folder: Path) -> str:
    desk = Desk(folder, source_timezone="Europe/Berlin")
    texts = ("2025-06-01 10:30:00", "2025-06-01 10:30:00Z", "2025-06-01")
    seen = transactions(desk, "transaction_date", *texts)
    return f"{seen}; {kept(desk, 'transaction_date')}"


NO_MOMENTS = (
    "2025-02-30",
    "2025-13-01 10:00:00",
    "2025-06-01 24:00:00",
    "2025-06-01 10:30:60",
    "0000-00-00 00:00:00",
    "01.06.2025",
    "06/01/2025",
    "1748773800",
    "2025-06-01 10",
    "2025-06-01 10:30:00 Nowhere/Land",
    "infinity",
)


@CASES.case(
    f"impossible dates and other forms: {', '.join(NO_MOMENTS)}",
    "11 rows, each: is not a timestamp such as 2023-01-15 10:30:00",
)
def impossible_dates_and_other_forms(folder: Path) -> str:
    desk = Desk(folder)
    transactions(desk, "transaction_date", *NO_MOMENTS)
    said = reasons(desk)
    for text in NO_MOMENTS:
        said = said.replace(f"transaction_date: '{text}' ", "")
    [why] = set(said.split(", "))
    return f"{said.count(why)} rows, each: {why}"


@CASES.case(
    "a timestamp 24 hours ahead of its receipt, and one a second later",
    "2 in file: 1 accepted, 1 quarantined (3: transaction_date: 2026-01-16 12:00:01 is more than "
    "24 hours in the future)",
)
def a_timestamp_24_hours_ahead_of_its_receipt(folder: Path) -> str:
    texts = ("2026-01-16 12:00:00", "2026-01-16 12:00:01")
    return transactions(Desk(folder), "transaction_date", *texts)


@CASES.case(
    "amounts: +1.5, .5, 1., 1e3, 12E-1, 1.50000000, 999999999999.999999",
    "7 in file: 7 accepted; 1.500000, 0.500000, 1.000000, 1000.000000, 1.200000, 1.500000, "
    "999999999999.999999",
)
def amounts_in_every_spelling(folder: Path) -> str:
    desk = Desk(folder)
    texts = ("+1.5", ".5", "1.", "1e3", "12E-1", "1.50000000", "999999999999.999999")
    seen = transactions(desk, "amount", *texts)
    return f"{seen}; {kept(desk, 'amount')}"


@CASES.case(
    "amounts that are not numbers: abc, NaN, inf, -Infinity, 1_000, 1,000.00, 0x10",
    "7 rows, each: is not a number",
)
def amounts_that_are_no_numbers_abc(folder: Path) -> str:
    desk = Desk(folder)
    texts = ("abc", "NaN", "inf", "-Infinity", "1_000", "1,000.00", "0x10")
    transactions(desk, "amount", *texts)
    said = [
        reason
        for (reason,) in desk.home.engine.rows(
            "SELECT reasons[1] FROM raw.quarantine ORDER BY line"
        )
    ]
    assert [text.split("'")[1] for text in said] == list(texts)
    [why] = {text.rpartition("' ")[2] for text in said}
    return f"{len(said)} rows, each: {why}"


@CASES.case(
    "amounts that do not fit: seven decimals, a digit that a double loses, too large, negative",
    "4 in file: 4 quarantined (2: amount: '0.1234567' has more than 6 decimals; round it where it "
    "is made, or in an adapter, 3: amount: '1234567.12345678e-7' has more than 6 decimals; round "
    "it where it is made, or in an adapter, 4: amount: '1000000000000' has more than 12 digits "
    "before the point, 5: amount: '-0.01' is below 0)",
)
def amounts_that_do_not_fit_seven_decimals(folder: Path) -> str:
    texts = ("0.1234567", "1234567.12345678e-7", "1000000000000", "-0.01")
    return transactions(Desk(folder), "amount", *texts)


@CASES.case(
    "attributes that cannot be read: an age of 12.5, 131 and 1_0, a flag of 2",
    '5 in file: 5 accepted; 5 customers, 1 with an age, 2 with a flag; {"age": 3, "is_active": 1}',
)
def attributes_that_cannot_be_read(folder: Path) -> str:
    rows = ("a,2025-01-01,4.0,0", "b,2025-01-01,12.5,1", "c,2025-01-01,131,", "d,2025-01-01,1_0,")
    desk, header = Desk(folder), "customer_id,registration_date,age,is_active"
    seen = desk.text("customers", "\n".join([header, *rows, "e,2025-01-01,,2"]))
    known = desk.values("SELECT COUNT(*), COUNT(age), COUNT(is_active) FROM raw.customers")
    customers, ages, flags = known.split()
    unread = desk.values("SELECT attributes_unread FROM raw.loads")
    return f"{seen}; {customers} customers, {ages} with an age, {flags} with a flag; {unread}"


@CASES.case(
    "text with blanks around it, only blanks, and nothing",
    "3 in file: 1 accepted, 2 quarantined (3: transaction_id: is missing, 4: transaction_id: is "
    "missing); t1 c1 purchase None",
)
def text_with_blanks_around_it_blanks_alone(folder: Path) -> str:
    desk = Desk(folder)
    rows = ("  t1 ,\u00a0c1\t, 2025-06-01 , 1 , , ", "  ,c1,2025-06-01,1,,", ",c1,2025-06-01,1,,")
    header = f"{SALES},transaction_type,currency"
    seen = desk.text("transactions", "\n".join([header, *rows]))
    log = "SELECT transaction_id, customer_id, transaction_type, currency FROM raw.transactions"
    return f"{seen}; {desk.values(log)}"


@CASES.case(
    "keys padded with zero bytes, and only zero bytes",
    "3 in file: 1 accepted, 1 quarantined, 1 repeated (3: campaign_id: is missing); c1 Spring",
)
def keys_filled_up_with_zero_bytes(folder: Path) -> str:
    desk = Desk(folder)
    keys = ("c1", "c1\0\0", "\0\0")
    lines = (json.dumps({"campaign_id": key, "campaign_name": "Spring\0"}) for key in keys)
    seen = desk.text("campaigns", "\n".join(lines), "x.ndjson")
    return f"{seen}; {desk.values('SELECT campaign_id, campaign_name FROM raw.campaigns')}"


@CASES.case(
    "a row that breaks four rules",
    "1 in file: 1 quarantined (2: transaction_id: is missing; transaction_date: 'soon' is not a "
    "timestamp such as 2023-01-15 10:30:00; amount: '-1' is below 0; currency: 'euro' is not an "
    "ISO 4217 code such as EUR)",
)
def a_row_that_breaks_four_rules(folder: Path) -> str:
    return Desk(folder).text("transactions", f"{SALES},currency\n,c1,soon,-1,euro\n")


@CASES.case(
    "a refund that is not flagged as one",
    "2 in file: 1 accepted, 1 quarantined (2: transaction_type: is_refund is 0, but this is not a "
    "purchase (LTV_REFUND_TYPES); set it to 1 if money went back, or leave the row out, as an "
    "adapter can)",
)
def a_refund_that_is_not_flagged_as_one(folder: Path) -> str:
    rows = "t1,c1,2025-06-01,5,refund,0\nt2,c1,2025-06-01,5,refund,1\n"
    return Desk(folder).text("transactions", f"{SALES},transaction_type,is_refund\n{rows}")


REVENUE = (
    "SELECT bucket, transactions, COALESCE(CAST(net_revenue AS INTEGER), 0) "
    "FROM revenue_reconciliation ORDER BY bucket"
)


def revenue(desk: Desk) -> str:
    """The bucket of the published revenue."""
    desk.home.publish()
    return ", ".join(" ".join(map(str, row)) for row in desk.home.values(REVENUE))


@CASES.case(
    "a currency without a known rate, then its rate",
    "1 in file: 1 accepted; (waiting for rate) 1 0; then campaigns 1 15",
)
def a_currency_without_a_rate_and_then_its_rate(folder: Path) -> str:
    desk = Desk(folder)
    desk.home.load("customers", "c1,2025-05-31,US,ads,spring")
    seen = transactions(desk, "currency", "XTS")
    waiting = revenue(desk)
    desk.home.load("fx_rates", "2025-06-01,XTS,1.5")
    return f"{seen}; {waiting}; then {revenue(desk)}"


@CASES.case(
    "transactions before their customers, then the customers",
    "2 in file: 2 accepted; (unknown) customer 2 20; then campaigns 2 20; LTV of day 7: 20",
)
def transactions_before_their_customers(folder: Path) -> str:
    desk = Desk(folder, as_of="2025-06-30")
    seen = transactions(desk, "amount", "9.99", "10.01")
    before = revenue(desk)
    desk.home.load("customers", "c1,2025-05-31,US,ads,spring")
    after = revenue(desk)
    [ltv] = desk.home.values("SELECT CAST(revenue_d7 AS INTEGER) FROM campaign_ltv")
    return f"{seen}; {before}; then {after}; LTV of day 7: {ltv}"


def interactions(name: str, **years: int) -> str:
    """A file with a number of interactions per year."""
    lines = (
        f"{name}{year}-{i},c1,{year[1:]}-03-01,login\n"
        for year, rows in years.items()
        for i in range(rows)
    )
    return HEADERS["customer_interactions"] + "\n" + "".join(lines)


@CASES.case(
    "a lone row years before all others, replayed under an earlier LTV_START_DATE",
    "1 in file: 1 quarantined (2: registration_date: 2019-05-05 lies before the first partition "
    "2025-01-01 (LTV_START_DATE): set it earlier, then run `ltv quarantine replay customers`); "
    "replayed: 1 accepted",
)
def a_lone_row_years_before_all_others(folder: Path) -> str:
    desk = Desk(folder)
    desk.text("customer_interactions", interactions("a", y2025=2_000))
    seen = desk.text("customers", HEADERS["customers"] + "\nc1,2019-05-05,US,ads,spring\n")
    earlier = Desk(folder, start_date="2019-01-01")
    answer = earlier.ltv("quarantine", "replay", "customers")
    accepted = earlier.values("SELECT COUNT(*) FROM raw.customers")
    return f"{seen}; replayed: {accepted} accepted" * answer.err.startswith("1 row was accepted")


@CASES.case(
    "2,000 rows of 2025, then 1,000 with 2 of 2021 (0.07 %), then with 3 (0.13 %)",
    "998 accepted, 2 quarantined; 1000 accepted, 0 quarantined: partitions now start on "
    "2021-01-01 instead of 2025-01-01; 2 rows left quarantine because of that",
)
def a_few_rows_years_before_all_others(folder: Path) -> str:
    desk = Desk(folder)
    desk.text("customer_interactions", interactions("a", y2025=2_000))
    seen, said = [], []
    for early in (2, 3):
        name = f"early{early}.csv"
        path = desk.write(name, interactions(f"b{early}", y2025=1_000 - early, y2021=early))
        answer = desk.ltv("ingest", "customer_interactions", path)
        desk.check(answer)
        said = [line[6:] for line in answer.err.splitlines() if line.startswith("Note: ")]
        [counts] = desk.home.engine.rows(
            f"SELECT rows_accepted, rows_quarantined FROM raw.loads WHERE source_file = '{name}'"
        )
        seen.append("{} accepted, {} quarantined".format(*counts))
    return f"{'; '.join(seen)}: {'; '.join(said)}"


@CASES.case(
    "countries that are not codes, and one that is not a country",
    "Note: country: 1 rows have no ISO 3166-1 code or English country name: Deutschland; kept as "
    "given",
)
def countries_that_are_no_codes(folder: Path) -> str:
    desk = Desk(folder)
    rows = "a,2025-01-01,UK\nb,2025-01-01,France\nc,2025-01-01,US\nd,2025-01-01,Deutschland\n"
    path = desk.write("customers.csv", f"customer_id,registration_date,country\n{rows}")
    return desk.ltv("ingest", "customers", path).err.splitlines()[0]
