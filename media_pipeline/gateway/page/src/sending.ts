// Sending files: each in parts, three at once over all of them, paused and resumed by people, by lost connections and
// by reloads. What is remembered of an upload is its id and what its file looked like, so that the same file can go on.

import { Refused, call, get, rest, send, words } from "./api.js";
import { beforehand, type Beforehand } from "./beforehand.js";

const AT_ONCE = 3; // browsers open six connections to a host, and others want some
const TRIES = 7; // of one part, from one second of patience to a minute
const REMEMBERED = "uploads";

type Address = { number: number; size: number; method: string; url: string; headers: Record<string, string> };
type Told = { id: string; media_id: string; part_size: number; state: "open" | "completed" | "aborted" | "expired" };
type Parts = { arrived: { number: number; size: number }[]; parts: Address[] };
type Memory = { id: string; name: string; size: number; modified: number };
type Flight = { request: XMLHttpRequest | null; sent: number; tried: number };
export type Stage = "waiting" | "sending" | "paused" | "closing" | "done" | "failed" | "asleep";

export type Upload = {
  name: string;
  size: number;
  modified: number;
  said: Beforehand;
  stage: Stage;
  /** null after a reload, until the file is chosen again */
  file: File | null;
  id: string | null;
  /** what it becomes */
  media: string | null;
  /** why it failed, and whether only because nobody answered */
  why: string;
  offline: boolean;
  /** bytes that are there */
  arrived: number;
  partSize: number;
  /** parts that are still to be sent, as far as their addresses are known */
  todo: Address[];
  /** parts on their way, by number */
  flying: Map<number, Flight>;
  /** its addresses are on their way */
  asking: boolean;
  /** for the idempotency of its announcement */
  attempt: string;
  /** bytes a second */
  rate: number;
};

export const uploads: Upload[] = [];
let changed = (): void => {};
let arrived = (): void => {};

/** `redraw` is called after every change, `whole` whenever an upload became media. */
export function listen(redraw: () => void, whole: () => void): void {
  [changed, arrived] = [redraw, whole];
}

const goes = ({ stage }: Upload) => stage === "waiting" || stage === "sending";
export const isBusy = (upload: Upload) => goes(upload) || upload.stage === "closing";
export const isLost = ({ flying }: Upload) => [...flying.values()].some(({ tried }) => tried > 0);
export const sent = ({ arrived, flying }: Upload) =>
  [...flying.values()].reduce((sum, part) => sum + part.sent, arrived);

const memories = (): Memory[] => JSON.parse(localStorage.getItem(REMEMBERED) ?? "[]");

function forget(id: string): void {
  localStorage.setItem(REMEMBERED, JSON.stringify(memories().filter((one) => one.id !== id)));
}

function remember({ id, name, size, modified }: Upload): void {
  localStorage.setItem(REMEMBERED, JSON.stringify([...memories(), { id, name, size, modified }]));
}

function made(name: string, size: number, modified: number, file: File | null, id: string | null = null): Upload {
  return {
    name,
    size,
    modified,
    file,
    id,
    said: { ...beforehand },
    stage: file ? "waiting" : "asleep",
    media: null,
    why: "",
    offline: false,
    arrived: 0,
    partSize: 0,
    todo: [],
    flying: new Map(),
    asking: false,
    attempt: crypto.randomUUID(),
    rate: 0,
  };
}

/** What was begun before the page was loaded: it goes on when its file is chosen again. */
export async function recall(): Promise<void> {
  for (const { id, name, size, modified } of memories()) {
    const upload = made(name, size, modified, null, id);
    try {
      if (await stands(upload)) uploads.push(upload);
    } catch (error) {
      if (error instanceof Refused && error.status === 404) forget(id);
    }
  }
  changed();
}

/** Sends files, or goes on where the same file was broken off. */
export function add(files: File[]): void {
  for (const file of files) {
    const same = uploads.find(
      ({ stage, name, size, modified }) =>
        stage === "asleep" && name === file.name && size === file.size && modified === file.lastModified,
    );
    if (same) Object.assign(same, { file, stage: "waiting", todo: [] });
    else uploads.push(made(file.name, file.size, file.lastModified, file));
  }
  pump();
}

/** Something that was to be sent and of which there is nothing to send: it is shown, and can be put away. */
export function unreadable(name: string, why: string): void {
  uploads.push(Object.assign(made(name, 0, 0, null), { stage: "failed" as const, why }));
  changed();
}

export function pause(upload: Upload): void {
  upload.stage = "paused";
  stop(upload);
}

export function resume(upload: Upload): void {
  Object.assign(upload, { stage: "waiting", why: "", todo: [] }); // what is to be sent is asked for
  pump();
}

/** Forgets an upload; one that is under way is taken back. */
export async function drop(upload: Upload): Promise<void> {
  const over = upload.stage === "done";
  uploads.splice(uploads.indexOf(upload), 1);
  upload.stage = "done";
  stop(upload);
  if (!upload.id) return;
  forget(upload.id);
  if (!over) await call(`/v1/uploads/${upload.id}`, { method: "DELETE" }).catch(() => {}); // else it expires
}

function stop(upload: Upload): void {
  for (const { request } of upload.flying.values()) request?.abort();
  pump();
}

function fail(upload: Upload, error: unknown): void {
  if (!isBusy(upload)) return; // paused or dropped meanwhile
  Object.assign(upload, { stage: "failed", why: words(error), offline: error instanceof TypeError });
  stop(upload);
}

addEventListener("online", () => uploads.filter((one) => one.stage === "failed" && one.offline).forEach(resume));

/** Does what can be done next, in the order of the uploads: at most three things at once. */
function pump(): void {
  const room = () => uploads.reduce((sum, { flying, asking }) => sum + flying.size + Number(asking), 0) < AT_ONCE;
  for (const upload of uploads) {
    while (goes(upload) && !upload.asking && room()) {
      upload.stage = "sending";
      if (upload.todo.length > 0) void part(upload, upload.todo.shift()!);
      else if (upload.flying.size > 0) break;
      else if (upload.id && upload.arrived >= upload.size) void close(upload);
      else void begin(upload);
    }
  }
  changed();
}

/** Announces an upload, or asks what of it has arrived. */
async function begin(upload: Upload): Promise<void> {
  upload.asking = true;
  try {
    if (!upload.id || !(await stands(upload))) await announce(upload);
  } catch (error) {
    fail(upload, error);
  }
  upload.asking = false;
  pump();
}

async function announce(upload: Upload): Promise<void> {
  const { name, size, file, attempt, said } = upload;
  const title = name.replace(/(.)\.\w{1,5}$/, "$1");
  const content_type = file!.type || "application/octet-stream";
  const body = { filename: name, title, size, content_type, ...said };
  const told = await send<Told & Parts>("POST", "/v1/uploads", body, { "Idempotency-Key": attempt });
  Object.assign(upload, { id: told.id, media: told.media_id, partSize: told.part_size, todo: told.parts });
  remember(upload);
}

/** Asks what has arrived. Whether it can be gone on with: one that has expired is to be announced anew. */
async function stands(upload: Upload): Promise<boolean> {
  const told = await get<Told>(`/v1/uploads/${upload.id}`);
  if (told.state !== "open") {
    forget(upload.id!);
    Object.assign(upload, { id: null, arrived: 0, todo: [], attempt: crypto.randomUUID() });
    return false;
  }
  const { arrived, parts } = await get<Parts>(`/v1/uploads/${upload.id}/parts`);
  Object.assign(upload, { media: told.media_id, partSize: told.part_size, todo: parts });
  upload.arrived = arrived.reduce((sum, { size }) => sum + size, 0);
  return true;
}

/** Sends one part, again and again where the connection is lost. */
async function part(upload: Upload, address: Address): Promise<void> {
  const flight: Flight = { request: null, sent: 0, tried: 0 };
  upload.flying.set(address.number, flight);
  while (goes(upload)) {
    try {
      await put(upload, flight, address);
      upload.arrived += address.size;
      break;
    } catch (error) {
      flight.sent = 0;
      flight.tried += 1;
      const status = error instanceof Refused ? error.status : 0;
      const ours = status >= 400 && status < 500 && ![403, 408, 429].includes(status);
      if (ours || flight.tried === TRIES) fail(upload, error);
      if (!goes(upload)) break;
      changed();
      await rest(2 ** (flight.tried - 1) * (0.75 + Math.random() / 2));
      if (status === 403) address = (await fresh(upload, address.number)) ?? address; // it has expired
    }
  }
  upload.flying.delete(address.number);
  pump();
}

async function fresh(upload: Upload, number: number): Promise<Address | undefined> {
  const answer = await get<Parts>(`/v1/uploads/${upload.id}/parts`).catch(() => null);
  return answer?.parts.find((one) => one.number === number);
}

/** One part to its address: by XMLHttpRequest, because fetch does not tell how far it is. */
function put(upload: Upload, flight: Flight, { number, size, method, url, headers }: Address): Promise<void> {
  const request = (flight.request = new XMLHttpRequest());
  const start = (number - 1) * upload.partSize;
  let [at, before] = [performance.now(), 0];
  return new Promise<void>((done, failed) => {
    request.upload.onprogress = ({ loaded }) => {
      const now = performance.now();
      flight.sent = Math.min(loaded, size);
      if (now - at > 250) {
        measured(upload, (flight.sent - before) / ((now - at) / 1000));
        [at, before] = [now, flight.sent];
      }
      changed();
    };
    request.onload = () => (request.status < 300 ? done() : failed(refusal(request)));
    request.onerror = request.onabort = request.ontimeout = () => failed(new TypeError("broken off"));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(upload.file!.slice(start, start + size));
  });
}

function refusal({ status, responseText }: XMLHttpRequest): Refused {
  try {
    const { code, detail } = JSON.parse(responseText);
    return new Refused(status, code, detail);
  } catch {
    return new Refused(status, "", `The store answered ${status}.`); // it speaks XML
  }
}

/** The rate of all parts together, smoothed over some seconds. */
function measured(upload: Upload, ofOne: number): void {
  const now = ofOne * upload.flying.size;
  upload.rate = upload.rate ? upload.rate * 0.8 + now * 0.2 : now;
}

async function close(upload: Upload): Promise<void> {
  upload.stage = "closing";
  try {
    await send("POST", `/v1/uploads/${upload.id}/complete`);
    upload.stage = "done";
    forget(upload.id!);
    arrived();
  } catch (error) {
    fail(upload, error);
  }
  pump();
}
