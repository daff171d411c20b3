#!/usr/bin/env bash
# Meta's Python SDK hashes one customer in two ways: an audience and the Conversions API do not meet.
#
# Expected: CustomAudience.format_params and serverside.Normalize give the same SHA-256 for the same person's phone, name, city, postcode.
# Happens:  the audience side keeps only a-z of names ("José" is "jos", "Łódź" is "d") and keeps leading zeros of a phone (0049...); the other
#   keeps letters with accents and drops the zeros. Spaces in a postcode stay on one side only. E-mail addresses are equal.
# Matters:  an exclusion audience ("has bought") misses people with an accent in their name, and a removal removes nobody. Normalise and
#   hash yourself, once, and pass pre_hashed.
# Seen with facebook-business 26.0.3 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check facebook-business==26.0.3

cat >hashes.py <<'PY'
from facebook_business.adobjects.customaudience import CustomAudience
from facebook_business.adobjects.serverside.normalize import Normalize

Keys = CustomAudience.Schema.MultiKeySchema
CASES = (
    (Keys.email, "em", "Jose@Shop.Example"),
    (Keys.phone, "ph", "+49 170 1234567"),
    (Keys.phone, "ph", "0049 170 1234567"),
    (Keys.fn, "fn", "Jose"),
    (Keys.fn, "fn", "José"),
    (Keys.ct, "ct", "Łódź"),
    (Keys.zip, "zp", "SW1A 1AA"),
)
for key, field, value in CASES:
    audience = CustomAudience.format_params([key], [[value]], is_raw=True)["payload"]["data"][0][0]
    print(field, value, "same" if audience == Normalize.normalize_field(field, value) else "different")
PY
seen=$(venv/bin/python hashes.py)
expected='em Jose@Shop.Example same
ph +49 170 1234567 same
ph 0049 170 1234567 different
fn Jose same
fn José different
ct Łódź different
zp SW1A 1AA different'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
