// The story as each Node SDK tells it: story.mjs SDK; HOST, KEY and USER_ID come from the environment.
const { HOST, KEY, USER_ID } = process.env;
const TRAITS = { email: `${USER_ID}@example.com`, firstName: "Ada" };
const MUG = { product_id: "P-1", sku: "S-1", name: "Mug", price: 19.99, quantity: 2 };
const CAP = { product_id: "P-2", sku: "S-2", name: "Cap", price: 5.5, quantity: 1 };
const ORDER = { order_id: `O-${USER_ID}`, revenue: 45.48, currency: "EUR", products: [MUG, CAP] };
const LARGE = { text: "x".repeat(25000), odd: NaN };
const EVENTS = [["Product Added", MUG], ["Order Completed", ORDER], ["Large", LARGE]];

async function segmentLike(Analytics) {
  const analytics = new Analytics({ writeKey: KEY, host: HOST });
  analytics.identify({ userId: USER_ID, traits: TRAITS });
  for (const [event, properties] of EVENTS) analytics.track({ userId: USER_ID, event, properties });
  await analytics.closeAndFlush();
}

const stories = {
  segment: async () => segmentLike((await import("@segment/analytics-node")).Analytics),
  rudderstack: async () => {
    const RudderAnalytics = (await import("@rudderstack/rudder-sdk-node")).default;
    const analytics = new (RudderAnalytics.default ?? RudderAnalytics)(KEY, { dataPlaneUrl: HOST });
    analytics.identify({ userId: USER_ID, traits: TRAITS });
    for (const [event, properties] of EVENTS) analytics.track({ userId: USER_ID, event, properties });
    await analytics.flush();
  },
  posthog: async () => {
    const { PostHog } = await import("posthog-node");
    const client = new PostHog(KEY, { host: HOST });
    client.identify({ distinctId: USER_ID, properties: TRAITS });
    for (const [event, properties] of EVENTS) client.capture({ distinctId: USER_ID, event, properties });
    await client.shutdown();
  },
  snowplow: async () => {
    const { newTracker, buildSelfDescribingEvent } = await import("@snowplow/node-tracker");
    const SHOP = "iglu:com.snowplowanalytics.snowplow.ecommerce";
    const tracker = newTracker({ namespace: "shop", appId: KEY }, { endpoint: HOST, bufferSize: 1 });
    tracker.setUserId(USER_ID);
    const act = (type, ...entities) => tracker.track(
      buildSelfDescribingEvent({ event: { schema: `${SHOP}/snowplow_ecommerce_action/jsonschema/1-0-2`, data: { type } } }),
      entities.map(([name, data]) => ({ schema: `${SHOP}/${name}/jsonschema/1-0-0`, data })),
    );
    const product = ({ product_id: id, sku, ...rest }) => ["product", { id, category: "home", currency: "EUR", ...rest }];
    const user = ["user", { id: USER_ID, email: TRAITS.email }];
    act("add_to_cart", product(MUG), user);
    act("transaction", ["transaction", { transaction_id: ORDER.order_id, revenue: 45.48, currency: "EUR" }], product(MUG), product(CAP));
    tracker.track(buildSelfDescribingEvent({ event: { schema: "iglu:com.shop/Large/jsonschema/1-0-0", data: { text: LARGE.text } } }));
    await tracker.flush();
  },
  "rudderstack-browser": async () => {
    const { JSDOM, VirtualConsole } = await import("jsdom");
    const { readFileSync } = await import("node:fs");
    const url = "http://localhost/mug?utm_source=news";
    const { window } = new JSDOM("<!doctype html><head><script></script></head><title>Mug</title>", {
      url, pretendToBeVisual: true, runScripts: "outside-only", virtualConsole: new VirtualConsole(),
    });
    Object.assign(window, { fetch, Headers, Request, Response, AbortController, TextEncoder, TextDecoder, structuredClone });
    window.eval(readFileSync("node_modules/@rudderstack/analytics-js/dist/npm/legacy/bundled/umd/index.js", "utf8"));
    const analytics = new window.rudderanalytics.RudderAnalytics();
    const ready = new Promise((done) => analytics.ready(done));
    analytics.load(KEY, HOST, { configUrl: HOST, loadIntegration: false, polyfillIfRequired: false });
    await ready;
    analytics.identify(USER_ID, TRAITS);
    for (const [event, properties] of EVENTS) analytics.track(event, properties);
    await new Promise((done) => setTimeout(done, 4000)); // its queue tells nobody when it is empty
  },
};

await stories[process.argv[2]]();
process.exit(0);
