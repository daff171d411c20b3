#!/usr/bin/env bash
# mjml drops what stands between components: a Liquid loop around them vanishes without a word.
#
# Expected: text between <mj-text> elements is kept, or reported among the errors.
# Happens:  `{% for %}` and `{% endfor %}` directly inside mj-column are gone, and errors is empty; the tags inside <mj-text> stay. mrml, the
#   port in Rust, keeps them. Inside <mj-raw> both keep them.
# Matters:  a reminder lists one product, with an empty name, whatever is in the cart; if-blocks vanish in the same way, so everybody gets
#   what only some should.
# Seen with mjml 5.4.1 on Node and mrml 0.2.4 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mrml==0.2.4
npm install --silent --no-fund --no-audit mjml@5.4.1 >npm.log

cat >mail.mjml <<'MJML'
<mjml><mj-body><mj-section><mj-column>
{% for item in cart %}<mj-text>{{ item.name }}</mj-text>{% endfor %}
<mj-raw>{% if vip %}</mj-raw><mj-text>Thank you</mj-text><mj-raw>{% endif %}</mj-raw>
</mj-column></mj-section></mj-body></mjml>
MJML
cat >render.js <<'JS'
const { readFileSync } = require('fs')
const loaded = require('mjml')
const mjml = loaded.default ?? loaded
Promise.resolve(mjml(readFileSync('mail.mjml', 'utf8'))).then(({ html, errors }) =>
  console.log('mjml', errors.length, 'errors', html.match(/\{%.*?%\}|\{\{.*?\}\}/g).join(' ')))
JS
cat >render.py <<'PY'
import re

import mrml

print("mrml", *re.findall(r"\{%.*?%\}|\{\{.*?\}\}", mrml.to_html(open("mail.mjml").read()).content))
PY
seen=$(node render.js; venv/bin/python render.py)
expected='mjml 0 errors {{ item.name }} {% if vip %} {% endif %}
mrml {% for item in cart %} {{ item.name }} {% endfor %} {% if vip %} {% endif %}'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
