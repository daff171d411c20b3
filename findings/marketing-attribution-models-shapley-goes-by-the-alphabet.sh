#!/usr/bin/env bash
# Shapley values of marketing-attribution-models leave out channels by the alphabet.
#
# Expected: with more channels in a journey than max_size (4 by default) the longest journeys are shortened by time, or an error says so.
# Happens:  the channels of a journey are sorted by name and the last four kept. Of five channels the alphabetically first gets nothing,
#   though the customer's first touch, and the others share its part; renaming it to "z_affiliate" gives it a fourth.
# Matters:  budgets follow names. Give max_size as large as the number of channels.
# Seen with marketing-attribution-models 2.1.1 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check marketing-attribution-models==2.1.1

cat >share.py <<'PY'
import warnings

import pandas

warnings.filterwarnings("ignore")
from mam import MAM

for first, size in (("affiliate", 4), ("z_affiliate", 4), ("affiliate", 5)):
    channels = (first, "display", "email", "search", "social")
    visits = [
        (f"customer-{n}", channel, pandas.Timestamp("2026-11-01") + pandas.Timedelta(days=day), day == 4)
        for n in range(10) for day, channel in enumerate(channels)
    ]
    frame = pandas.DataFrame(visits, columns=["customer", "channel", "time", "bought"])
    model = MAM(frame, "session", "channel", "bought", datetime_colname="time", user_id_colname="customer")
    shares = model.run_shapley(max_size=size).to_pandas().set_index("channels")["attribution"]
    print(size, {channel: round(float(shares.get(channel, 0.0)), 2) for channel in channels})
PY
seen=$(venv/bin/python share.py)
expected="4 {'affiliate': 0.0, 'display': 2.5, 'email': 2.5, 'search': 2.5, 'social': 2.5}
4 {'z_affiliate': 2.5, 'display': 0.0, 'email': 2.5, 'search': 2.5, 'social': 2.5}
5 {'affiliate': 2.0, 'display': 2.0, 'email': 2.0, 'search': 2.0, 'social': 2.0}"
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
