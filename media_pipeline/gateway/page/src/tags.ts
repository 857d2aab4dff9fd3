// What was seen and read: chips that show where.

import type { Span, Tag } from "./api.js";
import { clock, fill, h } from "./dom.js";

const MOST = 24; // of one kind

/** `mark` shows spans on the timeline; none, when no chip is pressed. */
export function tagChips(seek: (seconds: number) => void, mark: (spans: Span[]) => void) {
  const moments = h("p", { className: "row moments", "aria-live": "polite" });
  const element = h("section", { className: "tags panel", "aria-label": "Tags", hidden: true });
  let pressed: HTMLButtonElement | null = null;
  let known = "";

  function press(chip: HTMLButtonElement, tag: Tag): void {
    pressed?.setAttribute("aria-pressed", "false");
    pressed = pressed === chip ? null : chip;
    pressed?.setAttribute("aria-pressed", "true");
    mark(pressed ? tag.spans : []);
    if (!pressed) return fill(moments);
    if (tag.spans[0]) seek(tag.spans[0][0]);
    const times = tag.spans.map(([start, end]) =>
      h("button", { type: "button", className: "plain", onclick: () => seek(start) }, `${clock(start)}–${clock(end)}`),
    );
    fill(
      moments,
      ...times,
      h("span", { className: "meta" }, `${Math.round(tag.confidence * 100)} % sure, by ${tag.model}`),
    );
  }

  function group(title: string, some: Tag[]): HTMLElement[] {
    const chips = some
      .sort((a, b) => b.confidence - a.confidence)
      .slice(0, MOST)
      .map((tag) => {
        const chip = h(
          "button",
          { type: "button", className: `chip ${tag.kind}`, dir: "auto", "aria-pressed": "false" },
          tag.name,
        );
        chip.addEventListener("click", () => press(chip, tag));
        return h("li", {}, chip);
      });
    return chips.length > 0 ? [h("h2", {}, title), h("ul", { className: "row chips" }, ...chips)] : [];
  }

  return {
    element,
    /** The tags there are by now. */
    show(all: Tag[]): void {
      if (JSON.stringify(all) === known) return;
      known = JSON.stringify(all);
      const [labels, texts] = ["label", "text"].map((kind) => all.filter((tag) => tag.kind === kind));
      fill(element, ...group("Seen in it", labels!), ...group("Read on screen", texts!), moments);
      element.hidden = all.length === 0;
    },
  };
}
