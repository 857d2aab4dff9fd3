// The page around the media element. It plays without this; all of it comes from the manifest, as text nodes.

import { clock, find, make } from "./dom.js";
import { byline, facts } from "./facts.js";
import { captions, stream } from "./stream.js";
import { timeline } from "./timeline.js";
import { transcript } from "./transcript.js";

const STEP = 5; // seconds
const MOST_CHIPS = 24;

const manifest = JSON.parse(find("manifest").textContent);
const media = find("media");

function seek(seconds) {
  media.currentTime = Math.min(Math.max(seconds, 0), manifest.duration_seconds);
}

function toggle() {
  if (media.paused) media.play().catch(() => {}); // the reason is shown by the source's own error
  else media.pause();
}

function tags(mark) {
  let pressed = null;

  function press(chip, tag) {
    pressed?.setAttribute("aria-pressed", "false");
    pressed = pressed === chip ? null : chip;
    mark(pressed ? tag.spans : []);
    find("moments").replaceChildren();
    if (!pressed) return;
    chip.setAttribute("aria-pressed", "true");
    if (tag.spans.length > 0) seek(tag.spans[0][0]);
    find("moments").append(...tag.spans.map(([start, end]) => {
      const moment = make("button", { type: "button" }, `${clock(start)}–${clock(end)}`);
      moment.addEventListener("click", () => seek(start));
      return moment;
    }), make("span", {}, `found by ${tag.model}`));
  }

  function item(tag) {
    const sure = make("span", { className: "sure" }, `${Math.round(tag.confidence * 100)} %`);
    const chip = make("button", { type: "button", "aria-pressed": "false" }, make("bdi", {}, tag.name), sure);
    chip.style.setProperty("--sure", tag.confidence);
    chip.addEventListener("click", () => press(chip, tag));
    return make("li", {}, chip);
  }

  for (const [kind, id] of [["label", "labels"], ["text", "texts"]]) {
    const all = manifest.tags.filter((tag) => tag.kind === kind).sort((a, b) => b.confidence - a.confidence).map(item);
    find(id).replaceChildren(...all.slice(0, MOST_CHIPS));
    find(`${id}-title`).hidden = all.length === 0;
    if (all.length <= MOST_CHIPS) continue;
    const more = make("button", { type: "button", className: "more" }, `and ${all.length - MOST_CHIPS} more`);
    more.addEventListener("click", () => {
      find(id).replaceChildren(...all);
      all[MOST_CHIPS].firstChild.focus();
    });
    find(id).append(make("li", {}, more));
  }
  find("tags").hidden = manifest.tags.length === 0;
}

function keys(event) {
  const typing = event.target.closest("select, input, textarea") || event.target === media;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const does = {
    " ": event.target.closest("button, a, summary") ? undefined : toggle,
    ArrowLeft: () => seek(media.currentTime - STEP),
    ArrowRight: () => seek(media.currentTime + STEP),
    c: text.toggle,
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}

function unplayable() {
  find("alert").textContent = "This browser plays neither of the two forms: the stream or the MP4.";
  find("alert").hidden = false;
}

function unstreamed() {
  media.querySelector("source:last-of-type")?.addEventListener("error", unplayable);
  if (media.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) unplayable(); // it was tried before we came
}

if (!stream(manifest, media, unstreamed)) unstreamed();
const text = captions(media);
find("subtitles-key").hidden = manifest.kind === "audio" || manifest.subtitles.length === 0;
byline(manifest);
facts(manifest);
const strip = timeline(manifest, media, seek);
const lines = transcript(media, seek, strip.spoken);
tags(strip.mark);

let frame = 0;

function follow() {
  cancelAnimationFrame(frame);
  strip.moved();
  lines.moved();
  if (!media.paused) frame = requestAnimationFrame(follow);
}
media.addEventListener("play", follow);
for (const change of ["seeking", "seeked", "timeupdate"]) media.addEventListener(change, follow);
document.addEventListener("keydown", keys);
