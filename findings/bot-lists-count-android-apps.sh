#!/usr/bin/env bash
# Lists of bots disagree on who opens a mail, and count the Android apps of customers among the bots.
#
# Expected: a list of bots names what acts without a person: a mail scanner's prefetch yes, an app or a mail that somebody opened no.
# Happens:  isbot and crawler-user-agents both count okhttp (the HTTP client of most Android apps) and Gmail's image proxy (which asks when
#   the mail is opened) as bots; only isbot counts the bare "Mozilla/5.0" of Apple's prefetch, which opens mails that nobody has seen;
#   user-agents counts none of the three, and WhatsApp's link preview alone.
# Matters:  events of an app vanish as a bot's, real opens are taken away and made-up ones kept, and open rates of two tools never agree.
# Seen with isbot 5.2.3 on Node, crawler-user-agents 1.67.0 and user-agents 2.2.0 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check crawler-user-agents==1.67.0 user-agents==2.2.0
npm install --silent --no-fund --no-audit isbot@5.2.3 >npm.log

cat >agents.json <<'JSON'
{
  "android app": "okhttp/4.12.0",
  "ios app": "Shop/5.2.1 CFNetwork/1568.100.1 Darwin/24.0.0",
  "gmail open": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
  "apple prefetch": "Mozilla/5.0",
  "link preview": "WhatsApp/2.23.20.0 A"
}
JSON
cat >bots.mjs <<'JS'
import { readFileSync } from 'fs'
import { isbot } from 'isbot'
const agents = JSON.parse(readFileSync('agents.json', 'utf8'))
for (const [name, agent] of Object.entries(agents)) console.log('isbot', name, isbot(agent) ? 'bot' : '-')
JS
cat >bots.py <<'PY'
import json

import crawleruseragents
from user_agents import parse

for name, agent in json.load(open("agents.json")).items():
    print("crawler-user-agents", name, "bot" if crawleruseragents.is_crawler(agent) else "-")
for name, agent in json.load(open("agents.json")).items():
    print("user-agents", name, "bot" if parse(agent).is_bot else "-")
PY
seen=$(node bots.mjs; venv/bin/python bots.py)
expected='isbot android app bot
isbot ios app -
isbot gmail open bot
isbot apple prefetch bot
isbot link preview bot
crawler-user-agents android app bot
crawler-user-agents ios app -
crawler-user-agents gmail open bot
crawler-user-agents apple prefetch -
crawler-user-agents link preview bot
user-agents android app -
user-agents ios app -
user-agents gmail open -
user-agents apple prefetch -
user-agents link preview bot'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
