// The strip under the picture: its frames, its scenes, where a tag was found, and where we are.

import { clock, cuesOf, find, make } from "./dom.js";

const STEP = 5; // seconds
const TICK_PIXELS = 84;
const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

export function timeline(manifest, media, seek) {
  const duration = Math.max(manifest.duration_seconds, 0.001);
  const [strip, film, preview] = [find("strip"), find("film"), find("preview")];
  const percent = (seconds) => `${(100 * Math.min(Math.max(seconds, 0), duration)) / duration}%`;
  let tiles = [];
  let captions = [];

  function segment(start, end, kind) {
    const piece = make("span", { className: kind });
    piece.style.left = percent(start);
    piece.style.width = percent(Math.max(end - start, 0));
    return piece;
  }

  /** A frame of the storyboard, `height` pixels high. */
  function paint(element, tile, height) {
    const scale = height / tile.height;
    element.style.width = `${tile.width * scale}px`;
    element.style.height = `${height}px`;
    element.style.backgroundImage = `url("${tile.image.src}")`;
    element.style.backgroundSize = `${tile.image.naturalWidth * scale}px ${tile.image.naturalHeight * scale}px`;
    element.style.backgroundPosition = `${-tile.x * scale}px ${-tile.y * scale}px`;
  }

  const tileAt = (seconds) => tiles.find((tile) => seconds < tile.end) ?? tiles.at(-1);

  /** Draws what depends on the width: as many frames as fit, and the ruler. */
  function draw() {
    const width = strip.clientWidth;
    if (tiles.length > 0) {
      const [height, { width: across, height: down }] = [film.clientHeight, tiles[0]];
      const step = Math.max(24, (across / down) * height);
      const frames = Array.from({ length: Math.ceil(width / step) }, (_, i) => {
        const frame = make("span");
        paint(frame, tileAt(((i + 0.5) * step * duration) / width), height);
        frame.style.left = `${i * step}px`;
        return frame;
      });
      film.replaceChildren(...frames);
    }
    const every = NICE.find((seconds) => (seconds / duration) * width >= TICK_PIXELS) ?? duration;
    const ticks = Array.from({ length: Math.floor(duration / every) + 1 }, (_, i) => {
      const tick = make("span", {}, clock(i * every));
      tick.style.left = percent(i * every);
      return tick;
    });
    find("ruler").replaceChildren(...ticks);
  }

  function storyboard(cues) {
    const images = new Map();
    tiles = cues.map((cue) => {
      const [name, box] = cue.text.trim().split("#xywh=");
      const address = new URL(name, find("storyboard").src).href;
      if (!images.has(address)) images.set(address, Object.assign(new Image(), { src: address }));
      const [x, y, width, height] = box.split(",").map(Number);
      return { end: cue.endTime, image: images.get(address), x, y, width, height };
    });
    Promise.all([...images.values()].map((image) => image.decode())).then(draw, () => { tiles = []; });
  }

  function secondsAt(event) {
    const box = strip.getBoundingClientRect();
    return duration * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  }

  function named(seconds) {
    const inside = ([start, end]) => start <= seconds && seconds < end;
    const chapter = manifest.chapters.find(({ start, end }) => inside([start, end]));
    if (chapter) return chapter.title;
    const caption = captions.find(({ start, end }) => inside([start, end]));
    if (manifest.kind === "audio") return caption?.text ?? "";
    const scene = manifest.scenes.findIndex(inside);
    return scene >= 0 && manifest.scenes.length > 1 ? `scene ${scene + 1} of ${manifest.scenes.length}` : "";
  }

  function peek(event) {
    const seconds = secondsAt(event);
    const tile = tileAt(seconds);
    if (tile) paint(find("tile"), tile, Math.min(tile.height, 120));
    find("preview-when").textContent = clock(seconds);
    find("preview-what").textContent = named(seconds);
    preview.classList.add("shown");
    const [room, half] = [strip.clientWidth, preview.offsetWidth / 2];
    const centre = (seconds / duration) * room;
    preview.style.left = `${Math.max(half, Math.min(room - half, centre))}px`;
    if (event.buttons & 1) seek(seconds);
  }

  function moved() {
    const seconds = media.currentTime;
    find("playhead").style.left = percent(seconds);
    find("ahead").style.left = percent(seconds);
    strip.ariaValueNow = seconds.toFixed(1);
    strip.ariaValueText = `${clock(seconds)} of ${clock(duration)}`;
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
      ArrowDown: media.currentTime - STEP, ArrowUp: media.currentTime + STEP,
      PageDown: media.currentTime - duration / 10, PageUp: media.currentTime + duration / 10,
      Home: 0, End: duration,
    }[event.key]; // left and right are the whole page's
    if (to === undefined) return;
    event.preventDefault();
    seek(to);
  });

  strip.ariaValueMin = "0";
  strip.ariaValueMax = duration.toFixed(1);
  find("scenes").replaceChildren(...manifest.scenes.map(([start, end]) => segment(start, end, "scene")));
  find("timeline").hidden = false;
  if (find("storyboard")) cuesOf(find("storyboard"), storyboard);
  new ResizeObserver(draw).observe(strip);
  moved();

  return {
    moved,
    /** Show these spans as found. */
    mark: (spans) => find("found").replaceChildren(...spans.map(([start, end]) => segment(start, end, "span"))),
    /** Where somebody speaks: the picture of a sound. */
    spoken(lines) {
      captions = lines;
      if (manifest.kind === "audio")
        film.replaceChildren(...lines.map(({ start, end }) => segment(start, end, "speech")));
    },
  };
}
