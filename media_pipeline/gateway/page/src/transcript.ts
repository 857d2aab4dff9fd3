// What is said, as lines to read, to search and to go to; the spoken one is lit.

import type { Span } from "./api.js";
import { clock, h, language } from "./dom.js";
import { cuesOf, type Line } from "./timeline.js";

/** Without case and accents, as the library searches. */
const plain = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();

export function transcript(
  media: HTMLMediaElement,
  seek: (seconds: number) => void,
  question: string,
  told: {
    spoken: (lines: Line[]) => void;
    found: (spans: Span[]) => void;
    now: (line: Line | undefined) => void;
  },
) {
  const list = h("ol", { className: "lines" });
  const choice = h("select", { "aria-label": "Language of the transcript", hidden: true });
  const find = h("input", {
    type: "search",
    placeholder: "Find in what is said",
    "aria-label": "Find in what is said",
    value: question,
  });
  const count = h("output", { className: "meta" });
  const element = h(
    "section",
    { className: "transcript panel", "aria-label": "Transcript", hidden: true },
    h("div", { className: "row head" }, h("h2", {}, "Transcript"), choice),
    h("div", { className: "row find" }, find, count),
    list,
  );
  let lines: (Line & { button: HTMLButtonElement; said: HTMLElement })[] = [];
  let [current, tracks, known]: [Line | undefined, HTMLTrackElement[], string] = [undefined, [], ""];

  function read(track: HTMLTrackElement): void {
    cuesOf(track, (cues) => {
      lines = cues.map((cue) => {
        const text = cue.getCueAsHTML().textContent!.replace(/\s+/g, " ");
        const said = h("span", { dir: "auto", lang: track.srclang }, text);
        const button = h(
          "button",
          { type: "button", tabIndex: -1, onclick: () => seek(cue.startTime) },
          h("time", {}, clock(cue.startTime)),
          said,
        );
        return { start: cue.startTime, end: cue.endTime, text, button, said };
      });
      if (lines[0]) lines[0].button.tabIndex = 0;
      list.replaceChildren(...lines.map(({ button }) => h("li", {}, button)));
      element.hidden = lines.length === 0;
      told.spoken(lines);
      search();
      current = undefined;
      moved();
    });
  }

  /** Lights the words asked for, here and on the timeline. */
  function search(): void {
    const asked = plain(find.value)
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean);
    const hits: Line[] = [];
    for (const line of lines) {
      const parts = line.text
        .split(/([\p{L}\p{N}\p{M}]+)/u)
        .map((word) => (asked.some((start) => plain(word).startsWith(start)) ? h("mark", {}, word) : word));
      line.said.replaceChildren(...parts);
      if (parts.some((part) => typeof part !== "string")) hits.push(line);
    }
    count.textContent = asked.length > 0 ? (hits.length === 1 ? "1 line" : `${hits.length} lines`) : "";
    told.found(hits.map(({ start, end }) => [start, end]));
  }

  function moved(): void {
    const now = media.currentTime;
    const line = lines.find(({ start, end }) => start <= now && now < end);
    if (line === current) return;
    for (const one of lines) {
      one.button.tabIndex = one === (line ?? lines[0]) ? 0 : -1;
      if (one === line) one.button.setAttribute("aria-current", "true");
      else one.button.removeAttribute("aria-current");
    }
    current = line;
    told.now(line);
    if (!line || list.matches(":hover, :focus-within")) return; // somebody reads elsewhere
    list.scrollTo({ top: line.button.offsetTop - list.clientHeight / 2 + line.button.offsetHeight / 2 });
  }

  find.addEventListener("input", search);
  find.addEventListener("keydown", ({ key }) => {
    if (key === "Enter") list.querySelector("mark")?.closest("button")?.click();
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    lines[lines.findIndex(({ button }) => button === document.activeElement) + step]?.button.focus();
  });
  choice.addEventListener("change", () => read(tracks[Number(choice.value)]!));

  return {
    element,
    moved,
    /** The tracks there are by now. */
    show(next: HTMLTrackElement[]): void {
      const names = next.map(({ src }) => src).join();
      if (names === known) return;
      [known, tracks] = [names, next];
      choice.hidden = next.length < 2;
      choice.replaceChildren(...next.map((track, i) => h("option", { value: String(i) }, language(track.srclang))));
      if (next[0]) read(next[0]);
    },
  };
}
