#!/usr/bin/env bash
# phonenumbers dials the note that somebody wrote behind a number.
#
# Expected: `0171 2345678 (mobil)` is the number 0171 2345678, or an error; `0171 2345678/9` (two lines, a common German form) likewise.
# Happens:  letters are read as keypad digits and joined, so the first becomes +49 171 234567866245, which `is_possible_number` accepts;
#   the digits behind the slash are joined as well, and `is_valid_number` calls the result a valid mobile number, somebody else's.
# Matters:  both come from checkout forms and CSV imports. A text message goes to a stranger, and two customers with one number are not
#   stitched. Valid here means "fits the numbering plan", so reject letters and slashes before parsing.
# Seen with phonenumbers 9.0.43 on Python 3.11, 2026-11-30. The numbers are made up.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check phonenumbers==9.0.43

cat >read.py <<'PY'
import phonenumbers as p

for text in ("0171 2345678", "0171 2345678 (mobil)", "0171 2345678/9"):
    number = p.parse(text, "DE")
    kind = "mobile" if p.number_type(number) == p.PhoneNumberType.MOBILE else "unknown"
    e164 = p.format_number(number, p.PhoneNumberFormat.E164)
    print(f"{text}: {e164} possible={p.is_possible_number(number)} valid={p.is_valid_number(number)} {kind}")
PY
seen=$(venv/bin/python read.py)
printf '%s\n' "$seen"
expected='0171 2345678: +491712345678 possible=True valid=True mobile
0171 2345678 (mobil): +49171234567866245 possible=True valid=False unknown
0171 2345678/9: +4917123456789 possible=True valid=True mobile'
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
