// Sending files: each in parts, three at once over all of them, paused and resumed by people, by lost connections and by
// reloads. What is remembered of an upload is its id and what its file looked like, so that the same file can go on.

import { Refused, call, get, rest, send, words, type Media } from "./api.js";

const AT_ONCE = 3;
const TRIES = 7; // of one part, from one second of patience to a minute
const REMEMBERED = "uploads";

type Address = { number: number; size: number; method: string; url: string; headers: Record<string, string> };
type Told = { id: string; media_id: string; part_size: number; parts: Address[] };
type Standing = { received: { number: number; size: number }[]; missing: Address[] };
type Memory = { id: string; name: string; size: number; modified: number };
export type Stage = "waiting" | "sending" | "paused" | "lost" | "closing" | "done" | "failed" | "asleep";

export type Upload = {
  name: string;
  size: number;
  stage: Stage;
  /** null after a reload, until the file is chosen again */
  file: File | null;
  id: string | null;
  media: Media | null;
  /** why it failed */
  why: string;
  /** bytes that are there */
  arrived: number;
  /** parts that are still to be sent */
  todo: Address[];
  /** parts on their way, and how much of each */
  flying: Map<number, { request: XMLHttpRequest; sent: number }>;
  partSize: number;
  /** bytes a second */
  rate: number;
  modified: number;
  /** for the idempotency of its announcement */
  attempt: string;
  /** its addresses are on their way */
  asking: boolean;
};

export const uploads: Upload[] = [];
let changed = (): void => {};
let arrived = (_: Media): void => {};

/** `redraw` is called after every change, `whole` for each upload that became media. */
export function listen(redraw: () => void, whole: (media: Media) => void): void {
  [changed, arrived] = [redraw, whole];
}

export const sent = (upload: Upload) =>
  upload.arrived + [...upload.flying.values()].reduce((sum, part) => sum + part.sent, 0);
export const isBusy = (upload: Upload) => ["waiting", "sending", "lost", "closing"].includes(upload.stage);

const memories = (): Memory[] => JSON.parse(localStorage.getItem(REMEMBERED) ?? "[]");

function remember(upload: Upload, keep = true): void {
  const others = memories().filter((one) => one.id !== upload.id);
  const mine = { id: upload.id!, name: upload.name, size: upload.size, modified: upload.modified };
  localStorage.setItem(REMEMBERED, JSON.stringify(keep ? [...others, mine] : others));
}

function made(name: string, size: number, modified: number, file: File | null): Upload {
  return {
    name, size, modified, file, stage: "waiting", id: null, media: null, why: "", arrived: 0, todo: [],
    flying: new Map(), partSize: 0, rate: 0, attempt: crypto.randomUUID(), asking: false,
  };
}

/** What was begun before the page was loaded: it goes on when its file is chosen again. */
export async function recall(): Promise<void> {
  for (const memory of memories()) {
    const upload = Object.assign(made(memory.name, memory.size, memory.modified, null), { id: memory.id });
    try {
      take(upload, await get<Standing>(`/v1/uploads/${memory.id}/parts`));
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 401) remember(upload, false); // gone, or done
      continue;
    }
    upload.stage = "asleep";
    uploads.push(upload);
  }
  changed();
}

/** Sends files, or goes on where the same file was broken off. */
export function add(files: File[]): void {
  for (const file of files) {
    const same = uploads.find((one) => one.file === null && one.stage === "asleep" && one.name === file.name
      && one.size === file.size && one.modified === file.lastModified);
    if (same) {
      same.file = file;
      resume(same);
    } else {
      const upload = made(file.name, file.size, file.lastModified, file);
      uploads.push(upload);
      void begin(upload);
    }
  }
  changed();
}

export function pause(upload: Upload): void {
  upload.stage = "paused";
  for (const { request } of upload.flying.values()) request.abort();
  changed();
}

export function resume(upload: Upload): void {
  upload.stage = "waiting";
  upload.why = "";
  void begin(upload);
}

/** Forgets an upload; one that is under way is taken back. */
export async function drop(upload: Upload): Promise<void> {
  uploads.splice(uploads.indexOf(upload), 1);
  const over = upload.stage === "done";
  upload.stage = "done";
  for (const { request } of upload.flying.values()) request.abort();
  if (upload.id) remember(upload, false);
  changed();
  if (upload.id && !over) await call(`/v1/uploads/${upload.id}`, { method: "DELETE" }).catch(() => {}); // else it expires
  pump();
}

/** Announces an upload, or asks what of it has arrived. */
async function begin(upload: Upload): Promise<void> {
  upload.asking = true;
  changed();
  try {
    if (upload.id) take(upload, await get<Standing>(`/v1/uploads/${upload.id}/parts`));
    else {
      const body = { filename: upload.name, size: upload.size, content_type: upload.file!.type || "application/octet-stream" };
      const told = await send<Told>("POST", "/v1/uploads", body, { "Idempotency-Key": upload.attempt });
      Object.assign(upload, { id: told.id, partSize: told.part_size, todo: told.parts });
      remember(upload);
    }
  } catch (error) {
    fail(upload, error);
  }
  upload.asking = false;
  pump();
}

function take(upload: Upload, { received, missing }: Standing): void {
  upload.arrived = received.reduce((sum, part) => sum + part.size, 0);
  upload.todo = missing.filter(({ number }) => !upload.flying.has(number));
}

function fail(upload: Upload, error: unknown): void {
  if (upload.stage === "paused" || upload.stage === "done") return;
  upload.stage = "failed";
  upload.why = words(error);
  for (const { request } of upload.flying.values()) request.abort();
  changed();
  pump();
}

/** Keeps three parts on their way, those of the first upload first. */
function pump(): void {
  const ready = () => uploads.find((one) => ["waiting", "sending", "lost"].includes(one.stage) && one.id && one.todo.length > 0);
  const flying = () => uploads.reduce((sum, one) => sum + one.flying.size, 0);
  for (let upload = ready(); upload && flying() < AT_ONCE; upload = ready()) {
    if (upload.stage === "waiting") upload.stage = "sending";
    void part(upload, upload.todo.shift()!);
  }
  for (const upload of uploads)
    if (["waiting", "sending"].includes(upload.stage) && upload.id && !upload.todo.length && !upload.flying.size && !upload.asking)
      void (upload.arrived < upload.size ? begin(upload) : close(upload)); // addresses come a thousand at once
  changed();
}

async function part(upload: Upload, address: Address): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await put(upload, address);
      upload.arrived += address.size;
      if (upload.stage === "lost") upload.stage = "sending";
      break;
    } catch (error) {
      if (!["sending", "lost"].includes(upload.stage)) {
        upload.todo.unshift(address); // paused, failed or dropped meanwhile
        return pump();
      }
      const status = error instanceof Refused ? error.status : 0;
      if (tried === TRIES || (status >= 400 && status < 500 && ![403, 408, 429].includes(status))) return fail(upload, error);
      upload.stage = "lost";
      changed();
      await rest(Math.min(2 ** (tried - 1), 60) * (0.75 + Math.random() / 2));
      if (status === 403) address = (await fresh(upload, address.number)) ?? address; // its URL has expired
    }
  }
  pump();
}

async function fresh(upload: Upload, number: number): Promise<Address | undefined> {
  const { missing } = await get<Standing>(`/v1/uploads/${upload.id}/parts`).catch(() => ({ missing: [] }));
  return missing.find((one: Address) => one.number === number);
}

/** One part to its URL: XMLHttpRequest, because fetch tells nothing of how far it is. */
function put(upload: Upload, { number, size, method, url, headers }: Address): Promise<void> {
  const request = new XMLHttpRequest();
  const flight = { request, sent: 0 };
  const start = (number - 1) * upload.partSize;
  let [at, before] = [performance.now(), 0];
  upload.flying.set(number, flight);
  return new Promise<void>((done, failed) => {
    request.upload.onprogress = ({ loaded }) => {
      const [now, sent] = [performance.now(), Math.min(loaded, size)];
      const seconds = (now - at) / 1000;
      if (seconds > 0.25) {
        measured(upload, sent - before, seconds);
        [at, before] = [now, sent];
      }
      flight.sent = sent;
      changed();
    };
    request.onload = () => {
      if (request.status < 300) return done();
      let said: { code?: string; detail?: string } = {};
      try {
        said = JSON.parse(request.responseText);
      } catch {
        // the store speaks XML
      }
      failed(new Refused(request.status, said.code ?? "", said.detail ?? `The store answered ${request.status}.`));
    };
    request.onerror = request.onabort = request.ontimeout = () => failed(new TypeError("broken off"));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(upload.file!.slice(start, start + size));
  }).finally(() => upload.flying.delete(number));
}

/** The rate of all parts together, smoothed over some seconds. */
function measured(upload: Upload, sent: number, seconds: number): void {
  const now = (sent / seconds) * upload.flying.size;
  upload.rate = upload.rate ? upload.rate * 0.8 + now * 0.2 : now;
}

async function close(upload: Upload): Promise<void> {
  upload.stage = "closing";
  changed();
  try {
    upload.media = await send<Media>("POST", `/v1/uploads/${upload.id}/complete`);
    upload.stage = "done";
    remember(upload, false);
    arrived(upload.media);
  } catch (error) {
    fail(upload, error);
  }
  pump();
}
