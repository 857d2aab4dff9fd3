// Everything there is, newest first, by word and by state; what is worked on moves while one looks.

import { get, isOver, words, type Media, type MediaPage, type State } from "./api.js";
import { button, bytes, h, icon, isSound, meter, when, type Icon } from "./dom.js";
import { badge, standing, STATES } from "./tasks.js";

const PAGE = 24;
const MOST = 200; // that the API gives at once
const [SOON, LATER] = [1500, 10_000]; // milliseconds to the next look
const SHOWN: State[] = ["processing", "playable", "ready", "rejected", "quarantined", "cancelled"];

/** Addresses of posters are signed anew in every answer; one and the same picture is loaded once. */
const posters = new Map<string, string>();

function poster(media: Media): string | null {
  const name = `${media.id} ${media.revision}`;
  if (media.poster && !posters.has(name)) posters.set(name, media.poster);
  return posters.get(name) ?? null;
}

function symbol({ state, title }: Media): Icon {
  if (state === "rejected") return "close";
  if (state === "quarantined") return "alarm";
  return state === "cancelled" ? "stop" : isSound(title) ? "audio" : "film";
}

function card(media: Media, question: string) {
  const picture = h("img", { alt: "", loading: "lazy", decoding: "async" });
  const instead = h("span", { className: "instead" });
  const bar = meter(`Progress of ${media.title}`);
  const [title, line, said] = [h("h2"), h("p", { className: "meta" }), h("p", { className: "said" })];
  const frame = h("div", { className: "frame" }, instead, picture, bar);
  const link = h(
    "a",
    { href: `#/media/${media.id}${question ? `?q=${encodeURIComponent(question)}` : ""}` },
    frame,
    title,
  );
  const element = h("li", { className: "card" }, link, line, said);
  let last = "";
  picture.addEventListener("error", () => {
    posters.delete(`${media.id} ${media.revision}`); // it has expired: the next answer has another
    picture.className = "";
  });
  picture.addEventListener("load", () => {
    picture.className = "there";
  });

  function show(next: Media): void {
    media = next;
    const told = JSON.stringify({ ...media, poster: null });
    const address = poster(media);
    if (address && picture.src !== address) picture.src = address;
    if (told === last) return;
    last = told;
    title.textContent = media.title;
    const busy = !isOver(media);
    bar.hidden = !busy;
    bar.value = media.progress;
    instead.replaceChildren(
      media.state === "processing" ? `${Math.round(media.progress * 100)} %` : icon(symbol(media)),
    );
    const marks = media.state === "ready" ? [] : [badge(media)];
    line.replaceChildren(...marks, h("span", {}, when(media.received_at)), h("span", {}, bytes(media.size)));
    said.textContent = standing(media);
    element.className = `card ${media.state}`;
  }
  show(media);
  return { element, show };
}

export type Library = { element: HTMLElement; refresh: () => void; stop: () => void };

/** The list that the address asks for; `pick` makes the ways to upload, for when there is nothing yet. */
export function library(asked: URLSearchParams, pick: () => HTMLElement): Library {
  const question = asked.get("q") ?? "";
  const state = asked.get("state") ?? "";
  const cards = new Map<string, ReturnType<typeof card>>();
  const grid = h("ul", { className: "grid", "aria-busy": "true" });
  const note = h("div", { className: "note", role: "status" });
  const more = button("down", "Show more", () => void load(true), "plain");
  const heading = h("h1", { tabIndex: -1 }, question ? `“${question}”` : "Library");
  const element = h(
    "section",
    { className: "library" },
    h("div", { className: "row head" }, heading, filter()),
    grid,
    note,
    h("p", { className: "row centre" }, more),
  );
  let [next, timer, shown]: [string | null, number, Media[]] = [null, 0, []];
  const stopped = new AbortController();
  more.hidden = true;
  grid.append(
    ...Array.from({ length: 8 }, () =>
      h("li", { className: "card blank", "aria-hidden": "true" }, h("div", { className: "frame" })),
    ),
  );

  function filter(): HTMLElement {
    const group = h("fieldset", { className: "states" }, h("legend", { className: "unseen" }, "State"));
    for (const value of ["", ...SHOWN]) {
      const radio = h("input", { type: "radio", name: "state", value, checked: value === state });
      radio.addEventListener("change", () => {
        const to = new URLSearchParams(asked);
        if (value) to.set("state", value);
        else to.delete("state");
        location.hash = `#/?${to}`;
      });
      group.append(h("label", {}, radio, h("span", {}, value ? STATES[value as State] : "All")));
    }
    return group;
  }

  async function load(further = false): Promise<void> {
    clearTimeout(timer);
    const query = new URLSearchParams(further ? { cursor: next! } : {});
    query.set("limit", String(further ? PAGE : Math.min(MOST, Math.max(PAGE, shown.length))));
    if (question) query.set("q", question);
    if (state) query.set("state", state);
    try {
      const page = await get<MediaPage>(`/v1/media?${query}`, stopped.signal);
      const rest = further ? [] : shown.slice(MOST);
      shown = further ? [...shown, ...page.items] : [...page.items, ...rest];
      if (further || rest.length === 0) next = page.next;
      draw();
    } catch (error) {
      if (stopped.signal.aborted) return;
      if (cards.size === 0) grid.replaceChildren();
      note.replaceChildren(h("p", { className: "fault" }, words(error)));
    }
    timer = setTimeout(() => void load(), shown.some((media) => !isOver(media)) ? SOON : LATER);
  }

  function draw(): void {
    for (const id of cards.keys()) if (!shown.some((media) => media.id === id)) cards.delete(id);
    const wanted = shown.map((media) => {
      const one = cards.get(media.id);
      if (one) one.show(media);
      else cards.set(media.id, card(media, question));
      return cards.get(media.id)!.element;
    });
    if (wanted.some((one, i) => grid.children[i] !== one) || grid.children.length !== wanted.length) {
      const focused = document.activeElement;
      grid.replaceChildren(...wanted);
      if (focused instanceof HTMLElement && grid.contains(focused)) focused.focus({ preventScroll: true });
    }
    grid.ariaBusy = "false";
    more.hidden = next === null;
    if (shown.length > 0) note.replaceChildren();
    else if (!note.hasChildNodes() || note.querySelector(".fault")) note.replaceChildren(...nothing());
    element.classList.toggle("empty", shown.length === 0);
  }

  function nothing(): HTMLElement[] {
    if (!question && !state) return [pick()];
    const all = h("a", { href: "#/" }, "Show everything");
    return question
      ? [
          h("h2", {}, "Nothing has these words"),
          h("p", {}, "Titles, tags, speech and text on screen were searched for words that begin like the last one."),
          all,
        ]
      : [h("h2", {}, `Nothing is ${STATES[state as State]?.toLowerCase() ?? state}`), all];
  }

  void load();
  return {
    element,
    refresh: () => void load(),
    stop: () => {
      clearTimeout(timer);
      stopped.abort();
    },
  };
}
