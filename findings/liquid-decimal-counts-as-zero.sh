#!/usr/bin/env bash
# python-liquid prints a Decimal right, and counts with it as 0.
#
# Expected: a price given as decimal.Decimal, the type for money, works in arithmetic filters as a float or a numeric string does, or raises.
# Happens:  `{{ price }}` prints 19.99 and `{% if price > 5 %}` is true, while times, plus, minus, round, abs and sum take it as 0, without
#   an error. The text '19.99' and the float 19.99 both count right.
# Matters:  a reminder that works out a discount or a total shows "0" or a wrong amount to a customer, while a preview with JSON data
#   (floats, strings) looks right. Give templates floats, strings or ready-made texts.
# Seen with python-liquid 2.3.6 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-liquid==2.3.6

cat >render.py <<'PY'
from decimal import Decimal

from liquid import render

TEMPLATES = (
    "{{ price }}",
    "{% if price > 5 %}yes{% else %}no{% endif %}",
    "{{ price | times: 3 }}",
    "{{ price | plus: 1 }}",
    "{{ 100 | minus: price }}",
    "{{ price | round: 1 }}",
    "{{ prices | sum }}",
)
for template in TEMPLATES:
    shown = [render(template, price=p, prices=[p, p]) for p in (Decimal("19.99"), 19.99)]
    print(f"{template}  Decimal: {shown[0]}  float: {shown[1]}")
PY
seen=$(venv/bin/python render.py)
printf '%s\n' "$seen"
expected='{{ price }}  Decimal: 19.99  float: 19.99
{% if price > 5 %}yes{% else %}no{% endif %}  Decimal: yes  float: yes
{{ price | times: 3 }}  Decimal: 0  float: 59.97
{{ price | plus: 1 }}  Decimal: 1  float: 20.99
{{ 100 | minus: price }}  Decimal: 100  float: 80.01
{{ price | round: 1 }}  Decimal: 0  float: 20.0
{{ prices | sum }}  Decimal: 0  float: 39.98'
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
