// What a person says of the files they send next: kept until the page is left.

import { ask, h, language } from "./dom.js";

const SPOKEN =
  "ar bg ca cs da de el en es et eu fa fi fr gl he hi hr hu id is it ja ko lt lv mk ms nl no pl pt ro ru sk sl sr sv sw ta th tr uk ur vi zh";

export type Beforehand = { language: string | null; tags: string[] };
export const beforehand: Beforehand = { language: null, tags: [] };

export async function say(): Promise<void> {
  const byName = SPOKEN.split(" ").map((code) => ({ code, name: language(code) }));
  byName.sort((one, other) => one.name.localeCompare(other.name));
  const spoken = h(
    "select",
    { id: "spoken" },
    h("option", { value: "" }, "Found out by listening"),
    ...byName.map(({ code, name }) => h("option", { value: code, selected: code === beforehand.language }, name)),
  );
  const tags = h("input", { id: "tags", type: "text", autocomplete: "off", value: beforehand.tags.join(", ") });
  const fields = [
    h("p", { className: "field" }, h("label", { for: "spoken" }, "Spoken language"), spoken),
    h("p", { className: "field" }, h("label", { for: "tags" }, "Tags, with commas between them"), tags),
  ];
  const answers: [string, string, string][] = [
    ["", "Cancel", "plain"],
    ["keep", "Keep", "main"],
  ];
  if ((await ask("Of the files you send next", fields, answers)) !== "keep") return;
  beforehand.language = spoken.value || null;
  beforehand.tags = [...new Set(tags.value.split(",").map((tag) => tag.trim()))].filter(Boolean);
}
