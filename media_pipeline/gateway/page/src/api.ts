// The API, as the page uses it: the key, requests, problem documents in words, live events.

export type State =
  "queued" | "processing" | "playable" | "ready" | "rejected" | "quarantined" | "cancelled" | "removed";
export type Failure = { code: string; message: string };
export type Task = {
  name: string;
  state: "waiting" | "running" | "done" | "failed" | "skipped";
  progress: number;
  seconds: number | null;
  reason: string | null;
};
export type Media = {
  id: string;
  version: string;
  title: string;
  profile: string;
  size: number;
  state: State;
  error: Failure | null;
  progress: number;
  revision: number;
  received_at: string;
  started_at: string | null;
  playable_at: string | null;
  finished_at: string | null;
  poster: string | null;
  tasks: Task[];
  tags: string[];
};
export type Span = [start: number, end: number];
export type Tag = { name: string; kind: "label" | "text"; confidence: number; spans: Span[]; model: string };
export type Track = { language: string; kind: string; origin: string; vtt: string; srt: string };
export type Manifest = {
  kind: "video" | "audio";
  duration_seconds: number;
  display_width: number | null;
  display_height: number | null;
  frame_rate: string | null;
  hls: string | null;
  mp4: string | null;
  poster: string | null;
  renditions: { name: string; codec: string; width: number; height: number; bitrate: number; bytes: number }[];
  audio: { language: string; channels: number; codec: string; loudness_lufs: number | null }[];
  storyboard: { vtt: string; images: string[] } | null;
  subtitles: Track[];
  tags: Tag[];
  scenes: Span[];
  chapters: { start: number; end: number; title: string }[];
  checks: { name: string; value: number; limit: number; passed: boolean }[];
  warnings: string[];
};
export type Playback = { expires_at: string; manifest: Manifest; original: string; mp4: string | null };
export type MediaDetail = Media & { playback: Playback | null; shown: { standing: string } | null };
export type MediaPage = { items: Media[]; next: string | null };

const KEY = "key";
const MOST_WAITING = 20; // seconds that a request waits of itself when told to come back later

/** What the API refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

export const session = {
  get key(): string | null {
    return sessionStorage.getItem(KEY);
  },
  set key(key: string | null) {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  },
  /** Called when the key opens nothing (any more). */
  ended: (_: string): void => {},
};

export const rest = (seconds: number) => new Promise<void>((done) => setTimeout(done, seconds * 1000));

/** An answer that is a success. Throws Refused, or TypeError where nobody answers. */
export async function call(path: string, options: RequestInit = {}, key = session.key): Promise<Response> {
  const headers = new Headers(options.headers);
  if (key) headers.set("Authorization", `Bearer ${key}`);
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  const wait = Number(answer.headers.get("Retry-After"));
  if (answer.status === 429 && wait > 0 && wait <= MOST_WAITING) {
    await rest(wait);
    return call(path, options, key);
  }
  const said = await answer.json().catch(() => ({}));
  const refused = new Refused(answer.status, said.code ?? "", said.detail ?? `The server answered ${answer.status}.`);
  if (answer.status === 401 && key === session.key) session.ended(refused.message);
  throw refused;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call(path, { signal })).json();
}

export async function send<T>(method: string, path: string, body?: unknown, headers: HeadersInit = {}): Promise<T> {
  const typed = body === undefined ? headers : { ...headers, "Content-Type": "application/json" };
  const answer = await call(path, {
    method,
    headers: typed,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return answer.status === 204 ? (undefined as T) : answer.json();
}

/** What went wrong, for a person. */
export function words(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof TypeError) return "The gateway does not answer. Is it running, and are you online?";
  return String(error);
}

/** Calls back with the media as it is and each time it is another, until it is over; outlives a lost connection. */
export async function follow(id: string, told: (media: Media) => void, signal: AbortSignal): Promise<void> {
  for (let wait = 1; !signal.aborted; wait = Math.min(wait * 2, 15)) {
    try {
      const answer = await call(`/v1/media/${id}/events`, { signal });
      for await (const { name, data } of events(answer.body!)) {
        if (name === "end") return;
        if (name === "status") told(JSON.parse(data));
        wait = 1;
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Refused && error.status < 500)) return;
    }
    await rest(wait);
  }
}

/** Server-sent events: EventSource sends no headers, and the key is one. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<{ name: string; data: string }> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let text = "";
  try {
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
      const blocks = (text + value).split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split("\n")
            .filter((line) => line.startsWith(`${name}: `))
            .map((line) => line.slice(name.length + 2))
            .join("\n");
        yield { name: field("event"), data: field("data") };
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

const TASKS: Record<string, string> = {
  source: "Checking the file",
  audio: "Sound",
  stream: "Stream",
  thumbnails: "Poster and previews",
  subtitles: "Subtitles",
  ai_tags: "Tags",
  publication: "Publication",
};

export const taskName = (name: string) => TASKS[name] ?? name.replace("transcodes/", "Picture, ");
export const isOver = (media: Media) =>
  !["queued", "processing"].includes(media.state) &&
  media.tasks.every((task) => !["waiting", "running"].includes(task.state));
