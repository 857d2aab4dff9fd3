// What is known of the media: its ladder, its sound, what was checked, how it was made, where the files are.

import { at, clock, find, make } from "./dom.js";

const number = (value, digits = 2) =>
  value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 0.1 ? 4 : digits }).replace("-", "\u2212");

function rate(bits) {
  return bits >= 1e6 ? `${number(bits / 1e6)} Mbit/s` : `${number(bits / 1e3, 0)} kbit/s`;
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  return `${number(bytes / 1000 ** step, 1)} ${units[step]}`;
}

/** Rows of text under headings; a heading that ends in "#" is a column of numbers. */
function table(headings, rows) {
  const numeric = headings.map((heading) => heading.endsWith("#"));
  const cell = (tag, i, content, more) => make(tag, { className: numeric[i] ? "number" : "", ...more }, content);
  const head = headings.map((heading, i) => cell("th", i, heading.replace("#", ""), { scope: "col" }));
  const body = rows.map((row) => make("tr", {}, ...row.map((content, i) => cell("td", i, content))));
  const whole = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
  return make("div", { className: "scroll" }, whole);
}

const section = (title, ...children) => make("section", {}, make("h2", {}, title), ...children);

const folded = (title, ...children) => make("details", {}, make("summary", {}, title), ...children);

function checks({ checks: all }) {
  const row = ({ name, value, limit }) => {
    const [asset, check] = name.includes(":") ? name.split(":", 2) : ["", name];
    const label = make("span", {}, check.replaceAll("_", " "), " ", make("span", { className: "of" }, asset));
    return [label, number(value), number(limit)];
  };
  const rows = (passed) => all.filter((check) => check.passed === passed).map(row);
  const columns = ["Check", "Value#", "Limit#"];
  const [bad, good] = [rows(false), rows(true)];
  const parts = [];
  if (bad.length > 0)
    parts.push(make("p", { className: "failed" }, `${bad.length} of ${all.length} failed`), table(columns, bad));
  if (good.length > 0) parts.push(folded(`${bad.length > 0 ? "" : "All "}${good.length} passed`, table(columns, good)));
  return section("Checks", ...parts);
}

function files(manifest) {
  const list = [["Manifest", "media.json"], ["HLS", manifest.hls], ["DASH", manifest.dash], ["Poster", manifest.poster]];
  for (const track of manifest.subtitles)
    list.push([`WebVTT, ${track.language}`, track.vtt], [`SRT, ${track.language}`, track.srt]);
  const links = list.filter(([, path]) => path).map(([label, path]) => [label, at(path)]);
  if (manifest.hls ?? manifest.mp4) links.push(["MP4", "media.mp4"]);
  const items = links.map(([label, href]) => make("li", {}, make("a", { href }, label)));
  return section("Files", make("ul", { className: "files" }, ...items));
}

export function byline(manifest) {
  const said = [manifest.kind === "audio" ? "Audio" : "Video", clock(Math.round(manifest.duration_seconds))];
  if (manifest.display_width) said.push(`${manifest.display_width} × ${manifest.display_height}`);
  if (manifest.frame_rate) {
    const [over, under = 1] = manifest.frame_rate.split("/").map(Number);
    said.push(`${number(over / under)} frames/s`);
  }
  said.push(`revision ${manifest.revision}`);
  find("byline").replaceChildren(...said.map((text) => make("span", {}, text)));
}

export function facts(manifest) {
  const parts = [];
  if (manifest.warnings.length > 0)
    parts.push(section("Warnings", make("ul", {}, ...manifest.warnings.map((text) => make("li", { dir: "auto" }, text)))));
  if (manifest.renditions.length > 0)
    parts.push(section("Renditions", table(["Name", "Codec", "Pixels#", "Bitrate#", "Size#"], manifest.renditions.map(
      ({ name, codec, width, height, bitrate, bytes }) => [name, codec, `${width} × ${height}`, rate(bitrate), size(bytes)],
    ))));
  if (manifest.audio.length > 0)
    parts.push(section("Audio", table(["Language", "Codec", "Channels#", "Loudness#"], manifest.audio.map(
      ({ language, codec, channels, loudness_lufs: loudness }) =>
        [language === "und" ? "unknown" : language, codec, String(channels), loudness === null ? "silent" : `${number(loudness, 1)} LUFS`],
    ))));
  if (manifest.checks.length > 0) parts.push(checks(manifest));
  parts.push(files(manifest));
  if (manifest.provenance.length > 0) {
    const made = table(["Output", "Tool", "Model", "Seconds#", "Fingerprint"], manifest.provenance.map(
      ({ output, tool, model, seconds, fingerprint }) => [output, tool, model ?? "–", number(seconds, 1), fingerprint],
    ));
    parts.push(section("Provenance", folded(`How ${manifest.provenance.length} outputs were made`, made)));
    parts.at(-1).className = "wide";
  }
  find("facts").replaceChildren(...parts);
}
