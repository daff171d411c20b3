#!/usr/bin/env bash
# css-inline moves a loop around table rows out of the table: the mail has one row, whatever is in the cart.
#
# Expected: inlining CSS into a Liquid or Jinja template changes style attributes, and leaves the text between tags where it is.
# Happens:  the file is parsed as a browser does: text directly inside <table> is put before it. `{% for %}` and `{% endfor %}` stand side
#   by side above the table, and the row between them stays behind. premailer, which reads with libxml2, leaves them in place.
# Matters:  a reminder shows one row, and of no product. Put loops inside a cell, or inline the CSS after rendering.
# Seen with css-inline 0.24.0 and premailer 3.10.0 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check css-inline==0.24.0 premailer==3.10.0

cat >inline.py <<'PY'
import re

import css_inline
from premailer import transform

PAGE = """<html><head><style>td {color: red}</style></head><body><table>
{% for item in cart %}<tr><td>{{ item.name }}</td></tr>{% endfor %}
</table></body></html>"""
for name, inline in (("css-inline", css_inline.inline), ("premailer", transform)):
    text = re.sub(r"\s*\n\s*", "", inline(PAGE))
    print(name, re.findall(r"<table>|\{%.*?%\}|\{\{.*?\}\}|</table>", text))
PY
seen=$(venv/bin/python inline.py)
expected="css-inline ['{% for item in cart %}', '{% endfor %}', '<table>', '{{ item.name }}', '</table>']
premailer ['<table>', '{% for item in cart %}', '{{ item.name }}', '{% endfor %}', '</table>']"
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
