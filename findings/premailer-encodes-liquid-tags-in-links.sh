#!/usr/bin/env bash
# premailer rewrites Liquid tags inside links: {{ unsubscribe_url }} becomes {{%20unsubscribe_url%20}}.
#
# Expected: inlining CSS into a template leaves the template's tags as they are, in links as in text.
# Happens:  libxml2 writes an href as a URL, so the spaces inside the braces are percent-encoded; in text the same tag stays. Without spaces
#   ({{url}}) nothing happens, so a small try looks right. preserve_handlebar_syntax=True, made for this, changes nothing: it looks for
#   braces that are encoded too, as older versions of libxml2 wrote them. method="xml" keeps the tag.
# Matters:  the links of a mail, the one to unsubscribe among them, no longer render: a template language refuses the tag or prints it.
# Seen with premailer 3.10.0 and lxml 6.1.3 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check premailer==3.10.0 lxml==6.1.3

cat >inline.py <<'PY'
import re

from premailer import transform

PAGE = """<html><head><style>a {color: red}</style></head><body><p>{{ first_name }}</p>
<a href="{{ unsubscribe_url }}">no more</a><a href="{{url}}">shop</a></body></html>"""
for how in ({}, {"preserve_handlebar_syntax": True}, {"method": "xml"}):
    print(how or "default", re.findall(r"\{\{.*?\}\}", transform(PAGE, **how)))
PY
seen=$(venv/bin/python inline.py)
expected="default ['{{ first_name }}', '{{%20unsubscribe_url%20}}', '{{url}}']
{'preserve_handlebar_syntax': True} ['{{ first_name }}', '{{%20unsubscribe_url%20}}', '{{url}}']
{'method': 'xml'} ['{{ first_name }}', '{{ unsubscribe_url }}', '{{url}}']"
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
