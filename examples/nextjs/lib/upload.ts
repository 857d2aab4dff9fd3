// Runs in the browser: sends a file in parts, straight to where the gateway says, and goes on after a reload.
import type { components } from "./generated/openapi";

type Part = components["schemas"]["Part"];
type Parts = components["schemas"]["Parts"];
export type Upload = components["schemas"]["Upload"];

const AT_ONCE = 3;
const TRIES = 5; // without a part arriving
const REST_MS = 500;

export interface Options {
  /** Is told how much of the file has arrived, from 0 to 1. */
  progress?: (done: number) => void;
  signal?: AbortSignal;
  /** Where it is remembered which upload a file belongs to. */
  memory?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** For this application's own routes. */
  api?: typeof fetch;
}

/** Asking again the same way would not help; `code` is the gateway's. */
export class Refused extends Error {
  constructor(readonly code: string, detail: string) {
    super(detail);
  }
}

/** Sends the file, or what is missing of it, and makes it a media. Throws Refused; or what ended the sending, after which
 * the same call goes on where it was. */
export async function upload(file: File, options: Options = {}): Promise<Upload> {
  const { memory = localStorage, api = fetch } = options;
  const remembered = `upload:${file.name}:${file.size}:${file.lastModified}`;
  const begun = await begin(file, memory, remembered, api);
  try {
    await sendAll(file, begun, options, api);
    const done = await answer<Upload>(await api(`/api/upload/${begun.id}/complete`, { method: "POST" }));
    memory.removeItem(remembered);
    return done;
  } catch (failure) {
    if (failure instanceof Refused) memory.removeItem(remembered);
    throw failure;
  }
}

type Begun = Pick<Upload, "id" | "part_size">;

async function begin(file: File, memory: NonNullable<Options["memory"]>, name: string, api: typeof fetch): Promise<Begun> {
  const known = memory.getItem(name);
  if (known) return JSON.parse(known);
  const body = { filename: file.name, size: file.size, contentType: file.type, idempotencyKey: crypto.randomUUID() };
  const begun = await answer<Upload>(await api("/api/upload", { method: "POST", body: JSON.stringify(body) }));
  memory.setItem(name, JSON.stringify({ id: begun.id, part_size: begun.part_size }));
  return begun;
}

async function sendAll(file: File, begun: Begun, options: Options, api: typeof fetch): Promise<void> {
  let tries = 0;
  for (let before = -1; ; ) {
    const { arrived, parts } = await answer<Parts>(await api(`/api/upload/${begun.id}/parts`));
    options.progress?.(arrived.reduce((sum, part) => sum + part.size, 0) / file.size);
    if (!parts.length) return;
    tries = arrived.length > before ? 0 : tries + 1;
    before = arrived.length;
    try {
      await sendSome(file, begun, parts, options);
    } catch (failure) {
      if (options.signal?.aborted || tries >= TRIES) throw failure;
      await new Promise((rest) => setTimeout(rest, REST_MS * 2 ** tries));
    }
  }
}

/** Several at a time; the first that fails ends it, because its address may be too old. */
async function sendSome(file: File, begun: Begun, parts: Part[], { progress, signal }: Options): Promise<void> {
  const left = [...parts];
  let missing = parts.reduce((sum, part) => sum + part.size, 0);
  const one = async () => {
    for (let part = left.shift(); part; part = left.shift()) {
      const from = (part.number - 1) * begun.part_size;
      const sent = await fetch(part.url, {
        method: part.method,
        headers: part.headers,
        body: file.slice(from, from + part.size),
        signal: signal ?? null,
      });
      if (!sent.ok) throw new Error(`Part ${part.number} was not taken: ${sent.status}`);
      missing -= part.size;
      progress?.((file.size - missing) / file.size);
    }
  };
  const failed = (failure: unknown) => {
    left.length = 0; // the others finish what they are at
    throw failure;
  };
  const all = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => one().catch(failed)));
  for (const each of all) if (each.status === "rejected") throw each.reason;
}

async function answer<T>(response: Response): Promise<T> {
  const body = await response.json();
  if (!response.ok) throw new Refused(body.code, body.detail);
  return body;
}
