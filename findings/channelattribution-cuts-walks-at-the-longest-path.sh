#!/usr/bin/env bash
# ChannelAttribution's Markov model is biased where journeys have loops, and calls itself converged.
#
# Expected: removal effects of the Markov chain of the paths, up to sampling error. Three converting paths, A>B>A>B>B>A, A>B>B>A>A and A>A,
#   give the chain start>A, A>B .5, A>conversion .5, B>A: without B half of the walks convert, so effects are 1 and .5, credits 2 and 1.
# Happens:  walks are simulated, and each is cut off at the length of the longest path (here 6 steps). An eighth of them is still under way,
#   counts as not converted, and so lowers the base that effects are measured against: B gets .90, a tenth too little, at any number of
#   simulations. It prints "Convergence reached: 0.80% < 5.00%", which is about the noise alone. With `max_step=1000` it gives 2 and 1.
# Matters:  every channel that people come back through (e-mail, search) is in such loops. Set `max_step` yourself, or solve the
#   absorbing chain exactly.
# Seen with ChannelAttribution 2.2.5 (which also needs matplotlib to be imported at all, and does not ask for it) on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ChannelAttribution==2.2.5 matplotlib==3.10.3 pandas==3.1.1 numpy==2.4.6

cat >loops.py <<'PY'
import contextlib
import io

import ChannelAttribution
import pandas as pd

paths = pd.DataFrame({"path": ["A > B > A > B > B > A", "A > B > B > A > A", "A > A"], "orders": 1, "lost": 0})
for name, more in (("default", {}), ("max_step=1000", {"max_step": 1000})):
    with contextlib.redirect_stdout(io.StringIO()):
        found = ChannelAttribution.markov_model(paths, "path", "orders", var_null="lost", **more)
    credit = dict(zip(found["channel_name"], found["total_conversions"]))
    print(f"{name}: A {credit['A']:.1f} B {credit['B']:.1f}")
PY
seen=$(venv/bin/python loops.py | grep -E '^(default|max_step)')
printf '%s\n' "$seen"
expected='default: A 2.1 B 0.9
max_step=1000: A 2.0 B 1.0'
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
