// The player: a picture, the film under it that is the slider, and controls of our own, so that the same keys work in
// every browser.

import type { Manifest, Playback } from "./api.js";
import { button, clock, fill, h, language, relabel } from "./dom.js";
import { menu, NONE, stream } from "./stream.js";
import { timeline } from "./timeline.js";

const STEP = 5; // seconds
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
const IDLE_MS = 2500; // until the controls leave a full screen
const CHOSEN = "captions"; // the language of subtitles that was chosen last
const KEYS = [
  ["Space, K", "play or pause"],
  ["← →", "five seconds"],
  ["J L", "ten seconds"],
  ["C", "subtitles"],
  ["M", "mute"],
  ["F", "full screen"],
  [", .", "slower, faster"],
  ["/", "search the library"],
] as const;

export type Player = ReturnType<typeof player>;

/** What an address names, without the signature, of which every answer has another. */
const unsigned = (address: string) => address.split("/v1/play/")[1]?.split("/").slice(2).join("/") ?? address;

export function player(title: string, first: Manifest, renewed: () => Promise<Playback | null>) {
  const audio = first.kind === "audio";
  const media = h("video", { playsInline: true, preload: "auto", "aria-label": title });
  const film = timeline(media, seek);
  const fault = h("p", { className: "fault", role: "alert", hidden: true });
  const source = stream(media, renewed, broken);
  const cover = button("play", "Play", toggle, "bare cover");
  const words = h("p", { className: "words", "aria-hidden": "true" }, audio && title);
  const screen = h("div", { className: "screen" }, media, cover, words, fault);
  const play = button("play", "Play", toggle);
  const mute = button("sound", "Mute", () => {
    media.muted = !media.muted;
  });
  const loud = h("input", {
    type: "range",
    min: "0",
    max: "1",
    step: "0.05",
    "aria-label": "Volume",
    className: "loud",
  });
  const time = h("span", { className: "time" });
  const captions = menu("Subtitles", choose);
  const speed = menu("Speed", (value) => {
    media.playbackRate = value;
  });
  const pip = button("pip", "Picture in picture", () => void media.requestPictureInPicture().catch(() => {}));
  const full = button("full", "Full screen", fullscreen);
  const menus = [captions, source.sound, source.quality, speed].map(({ element }) => element);
  const element = h(
    "section",
    { className: `bay ${first.kind}`, "aria-label": "Player" },
    screen,
    film.element,
    h(
      "div",
      { className: "controls" },
      play,
      mute,
      loud,
      time,
      h("span", { className: "menus" }, ...menus),
      pip,
      full,
      button("help", "Keys", help),
    ),
  );
  let tracks: HTMLTrackElement[] = [];
  let [loaded, known]: [boolean, string | null] = [false, null];
  const gone = new AbortController();

  function seek(seconds: number): void {
    media.currentTime = Math.min(Math.max(seconds, 0), media.duration || first.duration_seconds);
  }

  function toggle(): void {
    if (media.paused)
      media.play().catch(() => {}); // the element says why
    else media.pause();
  }

  function fullscreen(): void {
    const phone = media as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (element.requestFullscreen) void element.requestFullscreen();
    else phone.webkitEnterFullscreen?.();
  }

  const shown = () => tracks.findIndex(({ track }) => track.mode === "showing");

  function caption(chosen: number): void {
    tracks.forEach(({ track }, i) => {
      track.mode = i === chosen ? "showing" : "hidden";
    });
    captions.select.value = String(chosen);
  }

  function choose(chosen: number): void {
    caption(chosen);
    localStorage.setItem(CHOSEN, tracks[chosen]?.srclang ?? "");
  }

  function subtitles({ subtitles: all }: Manifest): void {
    const names = all.map(({ vtt }) => unsigned(vtt)).join();
    if (names === known) return;
    known = names;
    tracks.forEach((track) => track.remove());
    tracks = all.map(({ kind, vtt, language: srclang }) =>
      h("track", { kind: kind === "captions" ? kind : "subtitles", src: vtt, srclang, label: language(srclang) }),
    );
    media.append(...tracks);
    const named = tracks.map(({ label }, i): [number, string] => [i, label]);
    captions.fill([[NONE, "Subtitles off"], ...named], NONE);
    caption(tracks.findIndex(({ srclang }) => srclang === localStorage.getItem(CHOSEN)));
  }

  function broken(sentence: string, again: () => void): void {
    fill(fault, sentence, " ", h("button", { type: "button", className: "plain", onclick: again }, "Try again"));
    fault.hidden = false;
  }

  function moved(): void {
    film.moved();
    time.textContent = `${clock(media.currentTime)} / ${clock(first.duration_seconds)}`;
  }

  function begun(): void {
    const [sign, name] = media.paused ? (["play", "Play"] as const) : (["pause", "Pause"] as const);
    relabel(play, sign, name);
    relabel(cover, sign, name);
    cover.hidden = !audio && (!media.paused || media.seeking);
  }

  function help(): void {
    const rows = KEYS.flatMap(([key, does]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)]);
    const close = h("button", { className: "main", type: "submit" }, "Close");
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", {}, "Keys"),
      h("dl", { className: "keys" }, ...rows),
      h("p", { className: "row end" }, close),
    );
    const dialog = h("dialog", { "aria-label": "Keys", onclose: () => dialog.remove() }, form);
    document.body.append(dialog);
    dialog.showModal();
  }

  function quicker(by: number): void {
    const at = SPEEDS.indexOf(media.playbackRate) + by;
    media.playbackRate = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))]!;
  }

  const does: Record<string, () => void> = {
    " ": toggle,
    k: toggle,
    f: fullscreen,
    "?": help,
    arrowleft: () => seek(media.currentTime - STEP),
    arrowright: () => seek(media.currentTime + STEP),
    j: () => seek(media.currentTime - 2 * STEP),
    l: () => seek(media.currentTime + 2 * STEP),
    c: () => choose(shown() === NONE ? 0 : NONE),
    m: () => {
      media.muted = !media.muted;
    },
    ",": () => quicker(-1),
    ".": () => quicker(1),
  };

  function pressed(event: KeyboardEvent): void {
    const on = event.target as HTMLElement;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey || on.closest("input, select, dialog") || !does[key]) return;
    if (key === " " && on.closest("button, a, summary")) return; // it presses that
    event.preventDefault();
    does[key]();
  }

  function listen(): void {
    let [idle, frame] = [0, 0];
    const on = (names: string, does: () => void) =>
      names.split(" ").forEach((name) => media.addEventListener(name, does));
    const run = () => {
      // four times a second, as events come, is not smooth
      moved();
      if (!media.paused && !gone.signal.aborted) frame = requestAnimationFrame(run);
    };
    on("play pause ended seeked", begun);
    on("seeking timeupdate loadedmetadata", moved);
    on("play", () => {
      cancelAnimationFrame(frame);
      run();
    });
    on("waiting", () => element.classList.add("waits"));
    on("playing canplay pause", () => element.classList.remove("waits"));
    on("playing", () => {
      fault.hidden = true;
    });
    on("click", toggle);
    on("dblclick", fullscreen);
    on("ratechange", () => {
      speed.select.value = String(media.playbackRate);
    });
    on("volumechange", () => {
      relabel(mute, media.muted ? "mute" : "sound", media.muted ? "Unmute" : "Mute");
      loud.value = String(media.muted ? 0 : media.volume);
    });
    loud.addEventListener("input", () =>
      Object.assign(media, { volume: Number(loud.value), muted: loud.value === "0" }),
    );
    element.addEventListener("pointermove", () => {
      element.classList.remove("idle");
      clearTimeout(idle);
      idle = setTimeout(() => element.classList.toggle("idle", !media.paused), IDLE_MS);
    });
    document.addEventListener("keydown", pressed, { signal: gone.signal });
  }

  loud.value = "1";
  speed.fill(
    SPEEDS.map((one) => [one, `${one}×`]),
    1,
  );
  pip.hidden = audio || !document.pictureInPictureEnabled;
  full.hidden = audio;
  if (first.display_width) screen.style.aspectRatio = `${first.display_width} / ${first.display_height}`;
  listen();

  return {
    element,
    media,
    film,
    seek,
    /** What is published by now: plays it the first time, and adds what has come since. */
    show(playback: Playback): void {
      media.poster ||= playback.manifest.poster ?? "";
      subtitles(playback.manifest);
      film.show(playback.manifest);
      moved();
      if (!loaded) void source.load(playback);
      loaded = true;
    },
    tracks: () => tracks,
    /** Of a sound, the words of this moment stand where a picture would. */
    say: (text: string) => {
      if (audio) words.textContent = text || title;
    },
    stop(): void {
      gone.abort();
      source.stop();
    },
  };
}
