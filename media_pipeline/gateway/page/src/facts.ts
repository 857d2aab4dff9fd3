// What a person may want to know of a media besides seeing it, and its files to take away.

import type { Manifest, Media, Playback } from "./api.js";
import { fill, h, icon, language, lasting } from "./dom.js";

const CODECS: Record<string, string> = { h264: "H.264", hevc: "HEVC", av1: "AV1" };
const CHANNELS: Record<number, string> = { 1: "mono", 2: "stereo" };

const after = (media: Media, at: string) => lasting((Date.parse(at) - Date.parse(media.received_at)) / 1000);

function rate(text: string): string {
  const [over, under = 1] = text.split("/").map(Number);
  return String(Math.round((over! / under) * 100) / 100);
}

function heard({ language: spoken, channels, loudness_lufs: loudness }: Manifest["audio"][number]): string {
  const level = loudness === null ? "silent" : `${loudness.toFixed(1).replace("-", "−")} LUFS`;
  const said = [CHANNELS[channels] ?? `${channels} channels`, level];
  return (spoken === "und" ? said : [language(spoken), ...said]).join(", ");
}

function checked({ checks }: Manifest): string {
  const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name.replaceAll(/[_:]/g, " "));
  return failed.length > 0 ? `Failed: ${failed.join(", ")}` : `All ${checks.length} passed`;
}

export function facts(on: HTMLElement, media: Media, manifest: Manifest): void {
  const made = manifest.renditions.map(
    ({ name, codec, bitrate }) => `${name}, ${CODECS[codec] ?? codec}, ${(bitrate / 1e6).toFixed(1)} Mbit/s`,
  );
  const rows: [string, string | null | false][] = [
    ["Picture", manifest.display_width !== null && `${manifest.display_width} × ${manifest.display_height}`],
    ["Frames a second", manifest.frame_rate && rate(manifest.frame_rate)],
    ["Sound", manifest.audio.map(heard).join("\n")],
    ["Qualities", made.join("\n")],
    ["Words", media.tags.join(", ")],
    ["Profile", media.profile],
    ["Playable after", media.playable_at && after(media, media.playable_at)],
    ["Ready after", media.state === "ready" && media.finished_at && after(media, media.finished_at)],
    ["Checks", manifest.checks.length > 0 && checked(manifest)],
    ["Warnings", manifest.warnings.join("\n")],
    ["Id", media.id],
  ];
  const given = rows.filter((row): row is [string, string] => Boolean(row[1]));
  fill(
    on,
    h("h2", {}, "Facts"),
    h("dl", {}, ...given.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
  );
}

export function downloads({ title }: Media, { mp4, original, manifest }: Playback): HTMLElement {
  const files: [name: string, href: string, download: string][] = mp4 ? [["MP4", mp4, ""]] : [];
  files.push(["The file as uploaded", original, ""]);
  for (const { language: code, vtt, srt } of manifest.subtitles) {
    files.push([`${language(code)} subtitles, WebVTT`, vtt, `${title}.${code}.vtt`]);
    files.push([`${language(code)} subtitles, SRT`, srt, `${title}.${code}.srt`]);
  }
  const links = files.map(([name, href, download]) => h("li", {}, h("a", { href, download }, icon("down"), name)));
  return h(
    "details",
    { className: "drop" },
    h("summary", { className: "plain" }, icon("down"), "Download"),
    h("ul", {}, ...links),
  );
}
