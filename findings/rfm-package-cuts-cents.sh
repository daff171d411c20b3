#!/usr/bin/env bash
# The PyPI package rfm cuts the cents off amounts such as 19.05.
#
# Expected: the monetary value of a customer is the sum of their amounts.
# Happens:  each value becomes a text, and where ".0" stands anywhere in it the last two characters are cut: 19.05 counts as 19, 100.07 as
#   100, 7.08 as 7; 19.50 and 19.15 are right. It is meant for ids that were read as floats (17850.0). Besides, two equal purchases of one
#   customer on one day count as one (drop_duplicates).
# Matters:  about a tenth of prices are concerned, each by less than ten cents, so totals look plausible and agree with nothing.
# Seen with rfm 1.0.9 and pandas 2.3.3 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check rfm==1.0.9 pandas==2.3.3

cat >count.py <<'PY'
import pandas
from rfm import RFM

purchases = [(f"c{n % 12}", f"2026-11-{n % 28 + 1:02}", 20.0 + n) for n in range(48)]
purchases += [("cents", "2026-11-01", 19.05), ("cents", "2026-11-02", 100.07), ("half", "2026-11-01", 19.5), ("half", "2026-11-02", 100.17)]
purchases += [("twice", "2026-11-01", 30.25), ("twice", "2026-11-01", 30.25)]
table = RFM(pandas.DataFrame(purchases, columns=["id", "date", "amount"]), customer_id="id", transaction_date="date", amount="amount").rfm_table
for who in ("cents", "half", "twice"):
    row = table[table["id"] == who].iloc[0]
    print(who, row["frequency"], row["monetary_value"])
PY
seen=$(MPLBACKEND=Agg venv/bin/python count.py)
expected='cents 2 119.0
half 2 119.67
twice 1 30.25'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
