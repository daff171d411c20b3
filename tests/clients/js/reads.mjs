// @clickhouse/client with and without packing: views, many rows, long parameters, settings, an error, an abandoned query.

import { setTimeout } from "node:timers/promises";
import { createClient } from "@clickhouse/client";

const url = `http://${process.argv[2]}`;
const log = { LoggerClass: class { trace() {} debug() {} info() {} warn() {} error() {} } };
for (const packed of [false, true]) {
  const client = createClient({ url, database: "winback", compression: { response: packed, request: packed }, log });
  const rows = async (query, more = {}) => (await client.query({ query, format: "JSONEachRow", ...more })).json();
  const ping = await client.ping();
  const view = await rows("SELECT channel, events, open_rate FROM v_channel_daily");
  let many = 0;
  const stream = await client.query({ query: "SELECT number FROM numbers(300000)", format: "JSONCompactEachRow" });
  for await (const part of stream.stream()) for (const row of part) many += Number(row.json()[0]);
  const text = "it's\ta \\ test".repeat(1000);
  const [{ length }] = await rows("SELECT length({t:String}) AS length", { query_params: { t: text } });
  const [{ threads }] = await rows("SELECT getSetting('max_threads') AS threads", { clickhouse_settings: { max_threads: 3 } });
  const error = await client.query({ query: "SELECT nope FROM events" }).catch((one) => `${one.code} ${one.type}`);

  const query_id = `abandoned ${packed}`;
  const running = async () => Number((await rows(`SELECT count() AS n FROM system.processes WHERE query_id = '${query_id}'`))[0].n);
  const controller = new AbortController();
  const query = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1";
  const pending = client.query({ query, query_id, abort_signal: controller.signal }).catch((one) => one.message);
  while (!(await running())) await setTimeout(20);
  controller.abort();
  const abandoned = await pending;
  while (await running()) await setTimeout(20);
  console.log(JSON.stringify({ ping: ping.success, view, many, length, threads, error, abandoned }));
  await client.close();
}
