// Plays the HLS stream with hls.js: every browser with Media Source Extensions gets the same stream, to its last sound,
// and a choice of quality and sound. Others use the sources of the media element itself.

import { at, find, make } from "./dom.js";
import Hls from "./hls.min.mjs";

const AUTO = -1;

/** A menu of texts; `choose` gets the index of the one chosen. Hidden where there is no choice. */
function menu(id, texts, choose) {
  const select = find(id);
  select.replaceChildren(...texts.map(([value, text]) => make("option", { value: String(value) }, text)));
  select.addEventListener("change", () => choose(Number(select.value)));
  select.closest("label").hidden = texts.length < 2;
  return select;
}

function qualities(hls) {
  const named = hls.levels.map(({ width, height }, i) => [i, `${Math.min(width, height)}p`]);
  if (named.length < 2) return;
  const select = menu("quality", [[AUTO, "Automatic"], ...named.reverse()], (level) => { hls.currentLevel = level; }); // at once: people compare
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => {
    const now = named.find(([i]) => i === level)[1];
    select.options[0].text = hls.autoLevelEnabled ? `Automatic (${now})` : "Automatic";
  });
}

function sounds(hls) {
  const select = menu("sound", hls.audioTracks.map(({ name }, i) => [i, name]), (track) => { hls.audioTrack = track; });
  select.value = String(hls.audioTrack);
  hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, (_, { id }) => { select.value = String(id); });
}

/** The subtitles, which the page's own tracks bring; the browser's controls and keys change them too. */
export function captions(media) {
  const tracks = [...media.querySelectorAll("track:not([kind=metadata])")];
  const show = (chosen) => tracks.forEach(({ track }, i) => { track.mode = i === chosen ? "showing" : "hidden"; });
  const names = tracks.map(({ label }, i) => [i, label]);
  const select = menu("captions", names.length > 0 ? [[AUTO, "Off"], ...names] : [], show);
  const follow = () => { select.value = String(tracks.findIndex(({ track }) => track.mode === "showing")); };
  media.textTracks.addEventListener("change", follow);
  follow();
  return { toggle: () => show(Number(select.value) === AUTO ? 0 : AUTO) };
}

/** Whether hls.js plays it. When it cannot go on, `failed` is called and the element's own sources are tried. */
export function stream(manifest, media, failed) {
  if (!manifest.hls || !Hls.isSupported()) {
    media.preload = "metadata";
    return false;
  }
  const hls = new Hls({
    enableWorker: false, // for MPEG-TS only
    capLevelToPlayerSize: true,
    subtitleStreamController: undefined, // the page brings its own tracks
    subtitleTrackController: undefined,
    timelineController: undefined,
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => qualities(hls));
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => sounds(hls));
  hls.on(Hls.Events.ERROR, (_, error) => {
    if (!error.fatal) return;
    hls.destroy();
    for (const id of ["quality", "sound"]) find(id).closest("label").hidden = true;
    media.load();
    failed();
  });
  hls.loadSource(at(manifest.hls));
  hls.attachMedia(media);
  return true;
}
