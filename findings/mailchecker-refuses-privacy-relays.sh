#!/usr/bin/env bash
# mailchecker, a check for throw-away addresses, refuses the relays of Firefox, DuckDuckGo and Proton.
#
# Expected: an address is refused when it is unreadable, or its provider throws mail away (mailinator).
# Happens:  isValid is false for forwarding addresses that lead to a real inbox and stay (mozmail.com, duck.com, passmail.net, SimpleLogin);
#   Apple's privaterelay.appleid.com passes. The list disposable-email-domains has none of them.
# Matters:  a checkout that asks mailchecker turns away customers who care for their privacy, or loses their consent and cart with the address.
# Seen with mailchecker 6.0.21 and disposable-email-domains 1.0.62 on Node, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit mailchecker@6.0.21 disposable-email-domains@1.0.62 >npm.log

cat >check.js <<'JS'
const MailChecker = require('mailchecker')
const listed = new Set(require('disposable-email-domains'))
for (const domain of ['mailinator.com', 'mozmail.com', 'duck.com', 'passmail.net', 'simplelogin.com', 'privaterelay.appleid.com', 'fastmail.com'])
  console.log(domain, MailChecker.isValid(`someone@${domain}`) ? 'taken' : 'refused', listed.has(domain) ? 'listed' : '-')
JS
seen=$(node check.js)
expected='mailinator.com refused listed
mozmail.com refused -
duck.com refused -
passmail.net refused -
simplelogin.com refused -
privaterelay.appleid.com taken -
fastmail.com taken -'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
