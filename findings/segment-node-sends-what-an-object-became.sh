#!/usr/bin/env bash
# @segment/analytics-node sends the properties as they are at flush time, not as they were at track().
#
# Expected: track() takes a copy, as RudderStack's Node SDK does, for the call says what happened at that moment.
# Happens:  the SDK keeps the caller's object until the batch is sent (10 seconds, or 15 events). A cart that is changed meanwhile is sent
#   with its later contents in the earlier events as well, each with its own right timestamp and messageId.
# Matters:  every "Product Added" of a busy cart shows the final cart, also what was added after it, so carts seem to hold products
#   before the customer chose them, and one that was emptied looks as if nothing had ever been in it. Pass a copy.
# Seen with @segment/analytics-node 3.1.0 and @rudderstack/rudder-sdk-node 3.0.13 on Node.js 20, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @segment/analytics-node@3.1.0 @rudderstack/rudder-sdk-node@3.0.13

cat >main.js <<'JS'
const http = require('node:http');
const zlib = require('node:zlib');
const { Analytics } = require('@segment/analytics-node');
const Rudder = require('@rudderstack/rudder-sdk-node');

const arrived = [];
const collector = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    let body = Buffer.concat(parts);
    if (body[0] === 0x1f) body = zlib.gunzipSync(body);
    for (const m of JSON.parse(body).batch) arrived.push(`${m.event} ${JSON.stringify(m.properties)}`);
    response.setHeader('content-type', 'application/json');
    response.end('{"success":true}');
    if (arrived.length === 6) {
      for (const line of arrived.sort()) console.log(line);
      process.exit(0);
    }
  });
});

collector.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${collector.address().port}`;
  const sdks = {
    segment: new Analytics({ writeKey: 'key', host: url, flushInterval: 1000 }),
    rudderstack: new Rudder('key', { dataPlaneUrl: url, flushInterval: 1000 }),
  };
  for (const [name, sdk] of Object.entries(sdks)) {
    const cart = { skus: ['S-1'] };
    const tell = (step) => sdk.track({ userId: 'c-1', event: `${name} ${step}`, properties: cart });
    tell('1 added S-1');
    cart.skus.push('S-2');
    tell('2 added S-2');
    cart.skus.length = 0;
    tell('3 emptied');
  }
});
JS
seen=$(timeout 30 node main.js)
printf '%s\n' "$seen"
expected='rudderstack 1 added S-1 {"skus":["S-1"]}
rudderstack 2 added S-2 {"skus":["S-1","S-2"]}
rudderstack 3 emptied {"skus":[]}
segment 1 added S-1 {"skus":[]}
segment 2 added S-2 {"skus":[]}
segment 3 emptied {"skus":[]}'
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
