// HLS by hls.js, which comes when it is first needed; where a browser cannot have it, its own HLS, or one MP4.

import type Hls from "hls.js";
import type { Playback } from "./api.js";
import { h, language } from "./dom.js";

/** Of quality: automatic; of subtitles: none. */
export const NONE = -1;

export type Menu = ReturnType<typeof menu>;

/** A choice, hidden as long as there is none. */
export function menu(name: string, choose: (value: number) => void) {
  const select = h("select", { "aria-label": name, title: name });
  const element = h("label", { hidden: true }, select);
  select.addEventListener("change", () => choose(Number(select.value)));
  return {
    element,
    select,
    fill(texts: [value: number, text: string][], chosen: number, least = 2): void {
      select.replaceChildren(...texts.map(([value, text]) => h("option", { value: String(value) }, text)));
      select.value = String(chosen);
      element.hidden = texts.length < least;
    },
  };
}

/** Feeds the element. `renewed` asks for new addresses when the ones in use have expired; `broken` tells that it cannot
 * go on, and how to try again. */
export function stream(
  media: HTMLVideoElement,
  renewed: () => Promise<Playback | null>,
  broken: (sentence: string, again: () => void) => void,
) {
  const quality = menu("Quality", (level) => {
    hls!.currentLevel = level;
  }); // at once: people compare
  const sound = menu("Sound", (track) => {
    hls!.audioTrack = track;
  });
  let hls: Hls | null = null;
  let stopped = false;

  /** Plays from these addresses, on from where it is. */
  async function load({ manifest, mp4 }: Playback): Promise<void> {
    const { default: Player } = await import("hls.js");
    if (stopped) return;
    const [at, playing] = [media.currentTime, !media.paused]; // somebody quick has pressed play before there was a source
    hls?.destroy();
    if (manifest.hls && Player.isSupported()) attach(Player, manifest.hls, at);
    else {
      const native = manifest.hls && media.canPlayType("application/vnd.apple.mpegurl");
      media.src = (native ? manifest.hls : mp4) ?? "";
      media.currentTime = at;
    }
    if (playing) media.play().catch(() => {}); // the element says why
  }

  function attach(Player: typeof Hls, url: string, at: number): void {
    hls = new Player({
      enableWorker: false, // for MPEG-TS, of which we have none
      capLevelToPlayerSize: true,
      startPosition: at || -1,
      subtitleStreamController: undefined, // the page brings its own tracks
      subtitleTrackController: undefined,
      timelineController: undefined,
    });
    offer(hls, Player);
    mend(hls, Player);
    hls.loadSource(url);
    hls.attachMedia(media);
  }

  function offer(of: Hls, { Events }: typeof Hls): void {
    const short = ({ width, height }: { width: number; height: number }) => `${Math.min(width, height)}p`;
    of.on(Events.MANIFEST_PARSED, () => {
      const named = of.levels.filter(({ height }) => height > 0).map((level, i): [number, string] => [i, short(level)]);
      quality.fill([[NONE, "Auto"], ...named.reverse()], NONE, 3);
    });
    of.on(Events.LEVEL_SWITCHED, (_, { level }) => {
      const now = of.levels[level];
      quality.select.options[0]!.text = of.autoLevelEnabled && now?.height ? `Auto, ${short(now)}` : "Auto";
    });
    of.on(Events.AUDIO_TRACKS_UPDATED, () => {
      const named = of.audioTracks.map(({ name, lang }, i): [number, string] => [i, lang ? language(lang) : name]);
      const first = of.audioTracks.findIndex((track) => track.default);
      sound.fill(named, Math.max(of.audioTrack, first, 0));
    });
    of.on(Events.AUDIO_TRACK_SWITCHED, (_, { id }) => {
      sound.select.value = String(id);
    });
  }

  function mend(of: Hls, { Events, ErrorTypes }: typeof Hls): void {
    let mended = false;
    of.on(Events.ERROR, (_, error) => {
      if (!error.fatal) return;
      if (error.type === ErrorTypes.MEDIA_ERROR && !mended) {
        mended = true;
        of.recoverMediaError();
      } else if (error.response?.code === 403)
        void again(); // its addresses have expired
      else broken("The stream broke off.", () => void again());
    });
  }

  async function again(): Promise<void> {
    const playback = await renewed().catch(() => null);
    if (playback) await load(playback);
    else broken("It cannot be had at the moment.", () => void again());
  }

  return {
    quality,
    sound,
    load,
    stop(): void {
      stopped = true;
      hls?.destroy();
      media.pause();
    },
  };
}
