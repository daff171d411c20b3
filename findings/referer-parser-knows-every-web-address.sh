#!/usr/bin/env bash
# referer-parser says `known` of every web address, and calls apps unknown.
#
# Expected: Referer(url).known tells whether the referrer is one of its database, so that the others can be told apart.
# Happens:  it is True for any http address: x.com, TikTok, ChatGPT and a site of nobody come out as known=True, medium "unknown", no name.
#   What Android sends for its apps (android-app://) is known=False, Gmail and Google's search app too.
# Matters:  a report "by known referrer" has no unknown ones, and search and mail from phones is none at all. Ask `medium`.
# Seen with referer-parser 0.4.1 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check referer-parser==0.4.1

cat >parse.py <<'PY'
from referer_parser import Referer

for url in (
    "https://www.google.com/search?q=shoes", "https://t.co/a", "https://x.com/", "https://chatgpt.com/", "https://nobody.example/",
    "android-app://com.google.android.gm", "android-app://com.google.android.googlequicksearchbox/",
):
    found = Referer(url)
    print(url, found.known, found.medium, found.referer)
PY
seen=$(venv/bin/python parse.py)
expected='https://www.google.com/search?q=shoes True search Google
https://t.co/a True social Twitter
https://x.com/ True unknown None
https://chatgpt.com/ True unknown None
https://nobody.example/ True unknown None
android-app://com.google.android.gm False unknown None
android-app://com.google.android.googlequicksearchbox/ False unknown None'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
