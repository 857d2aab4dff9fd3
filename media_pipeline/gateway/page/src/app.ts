// The page: who is there, what is shown, and where the address leads.

import { call, Refused, session, words } from "./api.js";
import { say } from "./beforehand.js";
import { button, h, icon, relabel } from "./dom.js";
import { library, type Library } from "./library.js";
import { mediaView, type View } from "./media.js";
import { isBusy, listen, pause, uploads } from "./sending.js";
import { tray, type Tray } from "./tray.js";

const TYPING_MS = 250;
const root = document.documentElement;
let show = (): void => {};
let [bin, view, home]: [Tray | null, View | Library | null, Library | null] = [null, null, null];

function dark(): boolean {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function themes(): HTMLButtonElement {
  const name = (): ["sun" | "moon", string] => (dark() ? ["sun", "Light theme"] : ["moon", "Dark theme"]);
  const toggle = button(...name(), () => {
    root.dataset.theme = dark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    relabel(toggle, ...name());
  });
  return toggle;
}

const brand = () =>
  h("a", { className: "brand", href: "#/" }, h("span", { className: "mark", "aria-hidden": "true" }), "Media library");

/** A key of the address is taken, and leaves it: addresses are shared, kept and looked at. */
function taken(): boolean {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return false;
  session.key = key;
  history.replaceState(null, "", "#/");
  return true;
}

function route(): { id: string | null; asked: URLSearchParams } {
  const [path, query] = location.hash.slice(1).split("?");
  const id = path?.startsWith("/media/") ? encodeURIComponent(path.slice("/media/".length)) : null;
  return { id, asked: new URLSearchParams(query) };
}

function shell(): void {
  const search = h("input", {
    type: "search",
    id: "search",
    placeholder: "Search words, tags, titles",
    "aria-label": "Search by spoken word, tag or title",
  });
  const main = h("main", { id: "main" });
  bin ??= tray(); // what is being sent goes on, whoever signs in
  listen(bin.redraw, () => home?.refresh());
  let typing = 0;

  function look(): void {
    const asked = new URLSearchParams(route().id ? "" : route().asked);
    const text = search.value.trim();
    if (text === (asked.get("q") ?? "") && !route().id) return;
    if (text) asked.set("q", text);
    else asked.delete("q");
    location.hash = `#/?${asked}`;
  }

  show = () => {
    clearTimeout(typing);
    const { id, asked } = route();
    const focused = document.activeElement === search;
    const choosing = Boolean(document.activeElement?.closest(".states"));
    view?.stop();
    home = id ? null : library(asked, bin!.pick);
    view = home ?? mediaView(id!, asked);
    document.title = "Media library";
    if (!focused) search.value = asked.get("q") ?? "";
    main.replaceChildren(view.element);
    if (focused) return;
    scrollTo(0, 0);
    main.querySelector<HTMLElement>(choosing ? ".states :checked" : "h1")?.focus({ preventScroll: true });
  };

  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(look, TYPING_MS);
  });
  search.addEventListener("keydown", ({ key }) => {
    if (key === "Enter") look();
  });
  document.body.replaceChildren(
    h(
      "a",
      {
        className: "skip",
        href: "#main",
        onclick: (event: Event) => {
          event.preventDefault();
          main.querySelector("h1")?.focus();
        },
      },
      "Skip to the content",
    ),
    h(
      "header",
      {},
      brand(),
      h("div", { className: "search", role: "search" }, icon("search"), search),
      h(
        "div",
        { className: "row tools" },
        button("up", "Upload", () => bin!.choose(false), "main"),
        button("folder", "Upload a folder", () => bin!.choose(true), "bare folder"),
        button("tag", "Language and tags of uploads", () => void say()),
        themes(),
        button("out", "Sign out", () => session.ended("")),
      ),
    ),
    main,
    bin.element,
  );
  show();
}

function signIn(why: string): void {
  session.key = null;
  uploads.filter(isBusy).forEach(pause);
  show = () => {};
  view?.stop();
  const key = h("input", { id: "key", type: "password", autocomplete: "off", required: true, spellcheck: false });
  const fault = h("p", { className: "fault", role: "alert", hidden: !why }, why);
  const form = h(
    "form",
    { className: "panel sign-in" },
    h("h1", {}, "Sign in"),
    h("label", { for: "key" }, "API key"),
    key,
    fault,
    h("p", { className: "row" }, h("button", { className: "main", type: "submit" }, "Open the library")),
    h(
      "p",
      { className: "meta" },
      "On your own machine, open the address that the gateway prints when it starts: the key is in it. ",
      "Elsewhere, ask whoever runs this for one.",
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await call("/v1/media?limit=1", {}, key.value.trim());
      session.key = key.value.trim();
      shell();
    } catch (error) {
      fault.hidden = false;
      fault.textContent =
        error instanceof Refused && error.status === 401 ? "This key opens nothing here." : words(error);
      key.select();
    }
  });
  document.title = "Sign in";
  document.body.replaceChildren(
    h("header", {}, brand(), h("div", { className: "row tools" }, themes())),
    h("main", { className: "door" }, form),
  );
  key.focus();
}

session.ended = signIn;
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || (event.target as HTMLElement).closest("input, select, dialog")) return;
  event.preventDefault();
  document.getElementById("search")?.focus();
});
addEventListener("hashchange", () => (taken() ? shell() : show()));
taken();
if (session.key) shell();
else signIn("");
