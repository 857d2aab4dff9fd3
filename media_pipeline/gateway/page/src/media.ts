// One media: played, read, searched, explained; while it is made, what is being done.

import { call, follow, get, isOver, send, words, type Media, type MediaDetail, type Span } from "./api.js";
import { ask, button, bytes, clock, fill, h, icon, meter, when, type Child } from "./dom.js";
import { downloads, facts } from "./facts.js";
import { player, type Player } from "./player.js";
import { tagChips } from "./tags.js";
import { badge, standing, taskList } from "./tasks.js";
import { transcript } from "./transcript.js";

const ENDS: Record<string, [sign: "close" | "alarm" | "stop", title: string, hint: string]> = {
  rejected: ["close", "This file was not accepted", "Nothing was made of it."],
  quarantined: [
    "alarm",
    "Processing was given up",
    "The fault is on this side, not the file’s: try again, or tell whoever runs this.",
  ],
  cancelled: ["stop", "Processing was cancelled", "What had been made until then is not shown."],
};

export type View = { element: HTMLElement; stop: () => void };

export function mediaView(id: string, asked: URLSearchParams): View {
  const question = asked.get("q") ?? "";
  const back = h(
    "a",
    { className: "back", href: question ? `#/?q=${encodeURIComponent(question)}` : "#/" },
    icon("back"),
    question ? `Results for “${question}”` : "Library",
  );
  const heading = h("h1", { tabIndex: -1 }, "…");
  const byline = h("p", { className: "meta" });
  const actions = h("div", { className: "row actions" });
  const stage = h("div", { className: "stage" });
  const note = h("div", { role: "alert" });
  const about = h("section", { className: "about panel", "aria-label": "Facts", hidden: true });
  const tags = tagChips(
    (seconds) => screen?.seek(seconds),
    (spans) => mark({ pressed: spans }),
  );
  const work = taskList();
  const summary = h("summary");
  const making = h("details", { className: "making panel", hidden: true }, summary, work.element);
  const side = h("div", { className: "side" }, about);
  const title = h("div", { className: "title" }, heading, byline);
  const element = h(
    "article",
    { className: "media" },
    back,
    h("div", { className: "column" }, stage, title, actions, note, tags.element, making),
    side,
  );
  const stopped = new AbortController();
  const spans: { pressed: Span[]; found: Span[] } = { pressed: [], found: [] };
  let [screen, script]: [Player | null, ReturnType<typeof transcript> | null] = [null, null];
  let [detail, following, last]: [MediaDetail | null, boolean, string] = [null, false, ""];

  const fresh = () => get<MediaDetail>(`/v1/media/${id}`, stopped.signal);

  function mark(some: Partial<typeof spans>): void {
    Object.assign(spans, some);
    screen?.film.mark(spans.pressed.length > 0 ? spans.pressed : spans.found);
  }

  function complain(error: unknown): void {
    if (!stopped.signal.aborted) fill(note, h("p", { className: "fault" }, words(error)));
  }

  async function load(): Promise<void> {
    try {
      detail = await fresh();
    } catch (error) {
      if (!detail) heading.textContent = "Not here";
      return complain(error);
    }
    show(detail);
    if (!isOver(detail) && !following) void listen();
  }

  async function listen(): Promise<void> {
    following = true;
    await follow(
      id,
      (media) => {
        if (media.revision !== detail?.revision || media.version !== detail.version) void load();
        else show(Object.assign(detail, media));
      },
      stopped.signal,
    );
    following = false;
  }

  function show(media: MediaDetail): void {
    const [manifest, busy] = [media.playback?.manifest, !isOver(media)];
    document.title = heading.textContent = media.title;
    const said = [when(media.received_at), manifest && clock(Math.round(manifest.duration_seconds)), bytes(media.size)];
    fill(byline, media.state !== "ready" && badge(media), ...said.map((text) => text && h("span", {}, text)));
    if (media.playback) watch(media);
    else fill(stage, busy ? waiting(media) : ended(media));
    work.show(media);
    const key = JSON.stringify([media.state, media.revision, busy, media.tasks.map(({ state }) => state === "failed")]);
    if (key !== last) settle(media, busy);
    last = key;
  }

  /** What changes seldom, and would lose its focus if it were drawn each time. */
  function settle(media: MediaDetail, busy: boolean): void {
    const failed = media.tasks.filter((task) => task.state === "failed").length;
    making.hidden = media.state === "rejected" && !media.playback;
    making.open = busy || failed > 0; // else it is nobody's first question
    summary.textContent = busy
      ? "What is being made"
      : failed > 0
        ? `How it was made, and ${failed} that failed`
        : "How it was made";
    fill(actions, ...deeds(media, busy, failed));
    about.hidden = !media.playback;
    if (media.playback) facts(about, media, media.playback.manifest);
    const refused =
      media.shown?.standing === "superseded-invalid" && "A newer file was refused: this is the one before it. ";
    const why = media.playback && media.state !== "ready" && !busy ? standing(media) : "";
    fill(note, (refused || why) && h("p", { className: "fault" }, refused, why));
  }

  /** Stands where the picture will be. */
  function waiting(media: Media): HTMLElement {
    const bar = stage.querySelector("progress") ?? meter("Progress");
    bar.value = media.progress;
    const percent = h("p", { className: "percent" }, `${Math.round(media.progress * 100)} %`);
    return h("div", { className: "plate" }, percent, bar, h("p", {}, standing(media)));
  }

  /** Stands where a picture would have been. */
  function ended({ state, error }: Media): HTMLElement {
    const [sign, heading, hint] = ENDS[state] ?? ["film", "There is nothing to play", ""];
    return h(
      "div",
      { className: `plate ${state}` },
      icon(sign),
      h("h2", {}, heading),
      error && h("p", { className: "sentence" }, error.message),
      error && h("code", {}, error.code),
      h("p", { className: "hint" }, hint),
    );
  }

  function watch(media: MediaDetail): void {
    const playback = media.playback!;
    if (!screen || !script) {
      const made = (screen = player(media.title, playback.manifest, async () => (await fresh()).playback));
      const read = (script = transcript(made.media, made.seek, question, {
        spoken: made.film.spoken,
        found: (found) => mark({ found }),
        now: (line) => made.say(line?.text ?? ""),
      }));
      for (const event of ["timeupdate", "seeking"]) made.media.addEventListener(event, read.moved);
      fill(stage, made.element);
      side.prepend(read.element);
    }
    screen.show(playback);
    script.show(screen.tracks());
    tags.show(playback.manifest.tags);
  }

  function deeds(media: MediaDetail, busy: boolean, failed: number): Child[] {
    const given = media.state === "quarantined";
    const redo = given || (media.state === "playable" && !busy && failed > 0);
    return [
      redo && button("redo", given ? "Try again" : "Make what is missing", () => void act("redrive"), "main"),
      media.playback && downloads(media, media.playback),
      busy && button("stop", "Cancel", () => void act("cancel"), "plain"),
      button("bin", "Delete", () => void remove(media), "plain"),
    ];
  }

  async function act(deed: string): Promise<void> {
    fill(note);
    await send("POST", `/v1/media/${id}/${deed}`).then(load, complain);
  }

  async function remove(media: Media): Promise<void> {
    const keep = h("input", { type: "checkbox" });
    const said = [
      h("p", {}, h("b", {}, media.title), " goes for good, with everything that was made of it. There is no way back."),
      h("label", { className: "row" }, keep, "Leave the uploaded file where it is"),
    ];
    if (
      (await ask("Delete this media?", said, [
        ["", "Keep it", "plain"],
        ["yes", "Delete", "danger"],
      ])) !== "yes"
    )
      return;
    const path = `/v1/media/${id}?keep_source=${keep.checked}`;
    await call(path, { method: "DELETE" }).then(() => {
      location.hash = "#/";
    }, complain);
  }

  void load();
  return {
    element,
    stop(): void {
      stopped.abort();
      screen?.stop();
    },
  };
}
