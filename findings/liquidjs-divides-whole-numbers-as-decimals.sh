#!/usr/bin/env bash
# LiquidJS divides whole numbers as decimals, and forgets that a number was a decimal one.
#
# Expected: as in Shopify's Liquid, 1999 divided_by 100 is 19 for whole numbers, and 10.0 is printed as 10.0.
# Happens:  19.99, and 10. JavaScript has one kind of number: `divided_by` never floors (unless its second argument says so) and a
#   decimal point that the template wrote is lost. python-liquid gives what Shopify's gives.
# Matters:  a template that was tried in a Node preview ("cents | divided_by: 100") sends 19 instead of 19.99 to customers.
# Seen with liquidjs 10.30.1 on Node and python-liquid 2.3.6 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-liquid==2.3.6
npm install --silent --no-fund --no-audit liquidjs@10.30.1 >npm.log

cat >render.js <<'JS'
const { Liquid } = require('liquidjs')
new Liquid().parseAndRender(process.argv[2], { cents: 1999 }).then((text) => console.log('liquidjs', text))
JS
cat >render.py <<'PY'
import sys

from liquid import render

print("python-liquid", render(sys.argv[1], cents=1999))
PY
seen=$(for t in '{{ cents | divided_by: 100 }} {{ 5 | divided_by: 2 }} {{ 5 | divided_by: 2.0 }} {{ 10.0 }} {{ 1.0 | times: 3 }}'; do
  node render.js "$t"
  venv/bin/python render.py "$t"
done)
expected='liquidjs 19.99 2.5 2.5 10 3
python-liquid 19 2 2.5 10.0 3.0'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
