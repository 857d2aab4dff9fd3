// Against a running gateway: MEDIA_GATEWAY_URL, MEDIA_GATEWAY_KEY, and a video of several parts as EXAMPLE_CLIP.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { type Upload, Refused, upload } from "@/lib/upload";
import { api, told } from "./application";

const clip = new File([readFileSync(process.env.EXAMPLE_CLIP ?? "")], "clip.mp4", { type: "video/mp4", lastModified: 1 });

class Memory extends Map<string, string> {
  getItem = (name: string) => this.get(name) ?? null;
  setItem = (name: string, value: string) => void this.set(name, value);
  removeItem = (name: string) => void this.delete(name);
}

let sent: Upload;
let ready: { states: string[]; last: unknown };

before(async () => {
  const memory = new Memory();
  const reload = new AbortController();
  const cut = upload(clip, {
    api,
    memory,
    signal: reload.signal,
    progress: (done) => done > 0 && reload.abort(), // the page is left as soon as a part has arrived
  });
  await assert.rejects(cut);
  assert.equal(memory.size, 1);

  const [left] = [...memory.values()].map((value) => JSON.parse(value).id);
  const arrived = (await (await api(`/api/upload/${left}/parts`)).json()).arrived.length;
  assert.ok(arrived >= 1);

  const progress: number[] = [];
  sent = await upload(clip, { api, memory, progress: (done) => progress.push(done) });
  assert.equal(sent.id, left);
  assert.ok((progress[0] ?? 0) > 0, "what had arrived was sent again");
  assert.equal(progress.at(-1), 1);
  assert.equal(memory.size, 0);

  ready = { states: [], last: null };
  for await (const { event, data } of told(await api(`/api/media/${sent.media_id}/events`))) {
    if (event === "status") ready.states.push((ready.last = data).state);
  }
});

test("progress was told until there was nothing left to do", () => {
  assert.equal(ready.states.at(-1), "ready", JSON.stringify(ready.last));
  assert.ok(ready.states.length > 1);
});

test("a media can be watched", async () => {
  const media = await (await api(`/api/media/${sent.media_id}`)).json();
  assert.equal(media.title, "clip.mp4");
  const playlist = await fetch(media.playback.manifest.hls);
  assert.match(await playlist.text(), /^#EXTM3U/);
});

test("a run is followed to its end, which comes a moment after that of the media", async () => {
  const events = [];
  for await (const each of told(await api(`/api/media/${sent.media_id}/live`))) events.push(each);
  const kinds = events.map(({ data }) => data.__typename);
  assert.ok(kinds.includes("MaterializationEvent") && kinds.includes("RunSuccessEvent"));
  assert.equal(events.at(-1)?.event, "end");
});

test("runs are told as Dagster has them", async () => {
  const asked = async () => (await api(`/api/media/${sent.media_id}/runs`)).json();
  let { runs, failures } = await asked();
  while (runs[0].status === "STARTED") ({ runs, failures } = await asked()); // its last event is told before its end is noted
  assert.equal(runs[0].status, "SUCCESS");
  assert.ok(runs[0].made.includes("stream"));
  assert.deepEqual(failures, []);
});

test("what the gateway refuses is said as it says it", async () => {
  const empty = new File([], "empty.mp4");
  await assert.rejects(upload(empty, { api, memory: new Memory() }), (refusal: Refused) => refusal.code !== undefined);
  for (const path of ["/api/media/unknown", "/api/media/unknown/events", "/api/media/unknown/runs"]) {
    const answer = await api(path);
    assert.equal(answer.status, 404);
    assert.equal((await answer.json()).code, "not-found");
  }
});

test("an upload can be taken back", async () => {
  const body = { filename: "a.mp4", size: 5, contentType: "video/mp4", idempotencyKey: crypto.randomUUID() };
  const { id } = await (await api("/api/upload", { method: "POST", body: JSON.stringify(body) })).json();
  assert.equal((await api(`/api/upload/${id}`, { method: "DELETE" })).status, 204);
});
