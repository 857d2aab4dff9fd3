// The transcript: the cues of the subtitle tracks as lines to click, the spoken one lit.

import { clock, cuesOf, find, make } from "./dom.js";

export function transcript(media, seek, spoken) {
  const tracks = [...media.querySelectorAll("track:not([kind=metadata])")];
  const [list, choice] = [find("lines"), find("language")];
  let lines = [];
  let current = null;

  function show(track) {
    cuesOf(track, (cues) => {
      lines = cues.map((cue) => ({
        start: cue.startTime,
        end: cue.endTime,
        text: cue.getCueAsHTML().textContent.replace(/\s+/g, " "),
      }));
      for (const line of lines) {
        const said = make("span", { className: "said", dir: "auto", lang: track.srclang }, line.text);
        line.button = make("button", { type: "button" }, make("span", { className: "when" }, clock(line.start)), said);
        line.button.addEventListener("click", () => seek(line.start));
      }
      list.replaceChildren(...lines.map((line) => make("li", {}, line.button)));
      find("transcript").hidden = lines.length === 0;
      spoken(lines);
      moved();
    });
  }

  function moved() {
    const seconds = media.currentTime;
    const line = lines.find(({ start, end }) => start <= seconds && seconds < end);
    if (line === current) return;
    current?.button.removeAttribute("aria-current");
    current = line;
    if (!line) return;
    line.button.setAttribute("aria-current", "true");
    if (list.matches(":hover, :focus-within")) return; // somebody reads elsewhere
    list.scrollTo({ top: line.button.offsetTop - list.clientHeight / 2 + line.button.offsetHeight / 2 });
  }

  if (tracks.length > 1) {
    choice.replaceChildren(...tracks.map((track, i) => make("option", { value: String(i) }, track.label)));
    choice.addEventListener("change", () => show(tracks[Number(choice.value)]));
    choice.hidden = false;
  }
  if (tracks.length > 0) show(tracks[0]);

  // Some browsers find the same subtitles in the playlist once more: ours are the ones shown.
  media.textTracks.addEventListener("addtrack", ({ track }) => {
    const ours = [...media.querySelectorAll("track")].some((element) => element.track === track);
    if (!ours) track.mode = "disabled";
  });
  return { moved };
}
