// The film under the picture: its frames, chapters, what was found where, and where we are. It is the player's slider.

import type { Manifest, Span } from "./api.js";
import { clock, h } from "./dom.js";

export type Line = { start: number; end: number; text: string };
type Tile = { end: number; image: HTMLImageElement; x: number; y: number; width: number; height: number };
const STEP = 5; // seconds
const MOST_NAMES = 4; // of one moment
const TICK_PIXELS = 88;
const PREVIEW_PIXELS = 112;
const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** The cues of a track, once they have come. */
export function cuesOf(track: HTMLTrackElement, then: (cues: VTTCue[]) => void): void {
  const give = () => then([...(track.track.cues ?? [])] as VTTCue[]);
  if (track.track.mode === "disabled") track.track.mode = "hidden";
  if (track.readyState === 2) give();
  else track.addEventListener("load", give, { once: true });
}

export function timeline(media: HTMLMediaElement, seek: (seconds: number) => void) {
  const film = h("div", { className: "film" });
  const ahead = h("div", { className: "ahead" });
  const hand = h("div", { className: "hand" });
  const [tagged, found] = [h("div", { className: "tagged" }), h("div", { className: "found" })];
  const strip = h(
    "div",
    { className: "strip", role: "slider", tabIndex: 0, "aria-label": "Position", "aria-valuemin": 0 },
    film,
    ahead,
    tagged,
    found,
    hand,
  );
  const chapters = h("ol", { className: "chapters", "aria-label": "Chapters" });
  const ruler = h("div", { className: "ruler", "aria-hidden": "true" });
  const tile = h("div", { className: "tile" });
  const [at, what] = [h("b"), h("span")];
  const preview = h("div", { className: "preview", "aria-hidden": "true" }, tile, h("p", {}, at, what));
  const element = h("div", { className: "timeline" }, preview, chapters, strip, ruler);
  let [duration, board, tiles, lines]: [number, string, Tile[], Line[]] = [1, "", [], []];
  let manifest: Manifest | null = null;

  const percent = (seconds: number) => `${(100 * Math.min(Math.max(seconds, 0), duration)) / duration}%`;
  const tileAt = (seconds: number) => tiles.find((one) => seconds < one.end) ?? tiles.at(-1);

  function piece(start: number, end: number, className: string): HTMLElement {
    const span = h("span", { className });
    Object.assign(span.style, { left: percent(start), width: percent(end - start) });
    return span;
  }

  /** A frame of the storyboard, `height` pixels high. */
  function paint(on: HTMLElement, { image, width, x, y, height: tall }: Tile, height: number): void {
    const scale = height / tall;
    Object.assign(on.style, {
      width: `${width * scale}px`,
      height: `${height}px`,
      backgroundImage: `url("${image.src}")`,
      backgroundSize: `${image.naturalWidth * scale}px ${image.naturalHeight * scale}px`,
      backgroundPosition: `${-x * scale}px ${-y * scale}px`,
    });
  }

  /** Draws what depends on the width: as many frames as fit, and the ruler. */
  function draw(): void {
    const [width, height] = [strip.clientWidth, film.clientHeight];
    if (tiles[0] && height > 0) {
      const step = Math.max(28, (tiles[0].width / tiles[0].height) * height);
      film.replaceChildren(
        ...Array.from({ length: Math.ceil(width / step) }, (_, i) => {
          const frame = h("span");
          paint(frame, tileAt(((i + 0.5) * step * duration) / width)!, height);
          frame.style.left = `${i * step}px`;
          return frame;
        }),
      );
    } else film.replaceChildren(...lines.map(({ start, end }) => piece(start, end, "speech")));
    const every = NICE.find((seconds) => (seconds / duration) * width >= TICK_PIXELS) ?? duration;
    ruler.replaceChildren(
      ...Array.from({ length: Math.floor(duration / every) + 1 }, (_, i) => {
        const tick = h("span", {}, clock(i * every));
        tick.style.left = percent(i * every);
        return tick;
      }),
    );
  }

  function storyboard(track: HTMLTrackElement): void {
    cuesOf(track, (cues) => {
      const images = new Map<string, HTMLImageElement>();
      tiles = cues.map((cue) => {
        const [name, box] = cue.text.trim().split("#xywh=");
        const { href } = new URL(name!, track.src);
        if (!images.has(href)) images.set(href, Object.assign(new Image(), { src: href }));
        const [x, y, width, height] = box!.split(",").map(Number) as [number, number, number, number];
        return { end: cue.endTime, image: images.get(href)!, x, y, width, height };
      });
      Promise.all([...images.values()].map((image) => image.decode())).then(draw, () => {
        tiles = [];
      });
    });
  }

  function named(seconds: number): string {
    const inside = ({ start, end }: { start: number; end: number }) => start <= seconds && seconds < end;
    const seen = manifest?.tags.filter(({ spans }) => spans.some(([start, end]) => inside({ start, end })));
    const said = manifest?.chapters.find(inside)?.title ?? lines.find(inside)?.text;
    return [said, ...(seen ?? []).map(({ name }) => name)].filter(Boolean).slice(0, MOST_NAMES).join(", ");
  }

  function peek(event: PointerEvent): void {
    const box = strip.getBoundingClientRect();
    const seconds = duration * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const one = tileAt(seconds);
    tile.hidden = !one;
    if (one) paint(tile, one, Math.min(one.height, PREVIEW_PIXELS));
    at.textContent = clock(seconds);
    what.textContent = named(seconds);
    preview.classList.add("shown");
    const half = preview.offsetWidth / 2;
    preview.style.left = `${Math.max(half, Math.min(box.width - half, event.clientX - box.left))}px`;
    if (event.buttons & 1) seek(seconds);
  }

  function moved(): void {
    const now = media.currentTime;
    hand.style.left = ahead.style.left = percent(now);
    strip.ariaValueNow = now.toFixed(1);
    strip.ariaValueText = `${clock(now)} of ${clock(duration)}`;
    for (const [i, one] of (manifest?.chapters ?? []).entries())
      chapters.children[i]?.classList.toggle("now", one.start <= now && now < one.end);
  }

  strip.addEventListener("pointermove", peek);
  strip.addEventListener("pointerdown", (event) => {
    strip.setPointerCapture(event.pointerId);
    peek(event);
  });
  for (const gone of ["pointerleave", "pointercancel"])
    strip.addEventListener(gone, () => preview.classList.remove("shown"));
  strip.addEventListener("keydown", (event) => {
    const to = {
      ArrowDown: media.currentTime - STEP,
      ArrowUp: media.currentTime + STEP,
      PageDown: media.currentTime - duration / 10,
      PageUp: media.currentTime + duration / 10,
      Home: 0,
      End: duration,
    }[event.key]; // left and right are the whole page's
    if (to === undefined) return;
    event.preventDefault();
    seek(to);
  });
  new ResizeObserver(draw).observe(strip);

  return {
    element,
    moved,
    /** What there is by now; the same again changes nothing. */
    show(next: Manifest): void {
      manifest = next;
      duration = Math.max(next.duration_seconds, 0.001);
      strip.ariaValueMax = duration.toFixed(1);
      chapters.hidden = next.chapters.length === 0;
      chapters.replaceChildren(
        ...next.chapters.map(({ start, end, title }) => {
          const item = h("li", {}, h("button", { type: "button", title, onclick: () => seek(start) }, title));
          item.style.flexGrow = String(end - start);
          return item;
        }),
      );
      tagged.replaceChildren(...next.tags.flatMap(({ spans }) => spans.map(([start, end]) => piece(start, end, ""))));
      if (next.storyboard && board === "") {
        board = next.storyboard.vtt;
        const track = h("track", { kind: "metadata", src: board });
        media.append(track);
        storyboard(track);
      }
      draw();
      moved();
    },
    /** Marks spans as found, in place of those before. */
    mark: (spans: Span[]) => found.replaceChildren(...spans.map(([start, end]) => piece(start, end, ""))),
    /** Where somebody speaks: the picture of a sound. */
    spoken(next: Line[]): void {
      lines = next;
      draw();
    },
  };
}
