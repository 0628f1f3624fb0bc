"""Invalid keys, orders without a customer, orders and spend taken back."""

from pathlib import Path

from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.bad_input.values import SALES, revenue
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("bad input: keys and corrections")


@CASES.case(
    "three items of one order under the order's number, then with a key each",
    "3 in file: 3 quarantined, each names another line; then (beyond horizon) 3 100",
)
def three_items_of_one_order_under_its_number(folder: Path) -> str:
    desk = Desk(folder)
    desk.home.load("customers", "c1,2025-01-01,US,ads,spring")
    rows = [f"o1,{item},2025-05-01,{amount}" for item, amount in enumerate((20, 30, 50), 1)]
    path = desk.write("shop.csv", "\n".join(["id,item,day,amount", *rows]))
    select = "SELECT {} AS transaction_id, 'c1' AS customer_id, day AS transaction_date, amount"
    adapter = desk.adapter(f"{select.format('id')} FROM file", "transactions")
    seen = desk.ingest("transactions", path, adapter=adapter)
    told = desk.home.engine.rows("SELECT reasons[1] FROM raw.quarantine ORDER BY line")
    others = [reason.partition("is also on line ")[2][:1] for (reason,) in told]
    assert others == ["3", "2", "2"], others
    key = "id || '-' || item"
    desk.adapter(f"{select.format(key)} FROM file", "transactions")
    desk.check(desk.ltv("quarantine", "replay"))
    return f"{seen.partition(' (')[0]}, each names another line; then {revenue(desk)}"


@CASES.case(
    "an order by a guest, and one by an unknown customer",
    "2 in file: 2 accepted; (guest) 1 5, (unknown) customer 1 7",
)
def an_order_of_a_guest(folder: Path) -> str:
    desk = Desk(folder)
    seen = desk.text("transactions", f"{SALES}\nt1,,2025-06-01,5\nt2,c9,2025-06-01,7\n")
    return f"{seen}; {revenue(desk)}"


@CASES.case(
    "an order that the shop withdraws, then sends again",
    "1 in file: 1 accepted; (unknown) customer 1 5; then nothing; then (unknown) customer 1 5",
)
def an_order_that_its_shop_takes_back(folder: Path) -> str:
    desk = Desk(folder)
    seen, said = "", []
    for ordinal, deleted in enumerate("010"):
        # The very same file again would be no load.
        text = f"{SALES},is_deleted\nt1,c1,2025-06-01,5.{'0' * ordinal},{deleted}\n"
        seen = desk.text("transactions", text, f"{ordinal}.csv")
        said.append(revenue(desk) or "nothing")
    return f"{seen}; {'; then '.join(said)}"


@CASES.case(
    "spend of two networks for one campaign, and a correction of the first",
    "google 10 and meta 4: 14; google 8 and meta 4: 12",
)
def the_spend_of_two_networks_under_one_campaign(folder: Path) -> str:
    desk = Desk(folder)
    select = "SELECT 'c1' AS campaign_id, '2025-06-01' AS date, cost FROM file"
    seen = []
    spend = {"google": 10, "meta": 4}
    for name in ("google", "meta", "google"):
        path = desk.write(f"{name}.csv", f"cost\n{spend[name]}\n")
        desk.ingest("campaign_costs", path, adapter=desk.adapter(select, "campaign_costs", name))
        desk.home.publish()
        total = desk.home.values("SELECT CAST(SUM(spend) AS INTEGER) FROM campaign_spend")[0]
        parts = " and ".join(f"{source} {amount}" for source, amount in spend.items())
        seen.append(f"{parts}: {total}")
        spend["google"] = 8
    return "; ".join([seen[1].replace("google 8", "google 10"), seen[2]])
