// Elements, and how numbers and times are said.

type Props = Record<string, unknown>;
export type Child = Node | string | null | undefined | false;

/** An element. `on…` are listeners, `role` and names with a dash attributes, all else properties; text is no markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, String(value));
    else (element as unknown as Props)[name] = value;
  }
  fill(element, ...children);
  return element;
}

/** Puts these in place of what an element has; what is not there is left out. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

const PATHS = {
  alarm: "M12 4 2.5 20h19zm0 6v4m0 3v.5",
  audio: "M4 14v-4m4 8V6m4 15V3m4 14V7m4 7v-4",
  back: "M15 5l-7 7 7 7",
  bin: "M4 7h16M9 7V4h6v3m3 0-1 13H7L6 7m4 4v5m4-5v5",
  check: "M5 12.500l5 5L19 7",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 4v11m-5-4 5 5 5-5M5 20h14",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  film: "M3 5h18v14H3zM8 5v14M16 5v14M3 9.500h5m-5 5h5m8-5h5m-5 5h5",
  folder: "M3 6h6l2 3h10v10H3z",
  dot: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10z",
  fold: "M5 9l7 7 7-7",
  full: "M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5",
  help: "M9 9a3 3 0 1 1 4 3c-.8.4-1 1-1 2m0 3v.5",
  moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z",
  mute: "M4 9v6h4l5 4V5L8 9zm13 0 4 6m0-6-4 6",
  out: "M14 4h5v16h-5M4 12h10m-4-4 4 4-4 4",
  pause: "M8 5v14m8-14v14",
  pip: "M3 5h18v14H3zm9 7h6v4h-6z",
  play: "M7 4.500v15l12-7.500z",
  redo: "M20 5v5h-5m4.5-.500a8 8 0 1 0 .5 5",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm5 11.500L20 20",
  sound: "M4 9v6h4l5 4V5L8 9zm12 0a4 4 0 0 1 0 6m2.5-9a8 8 0 0 1 0 12",
  stop: "M6 6h12v12H6z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm0-6v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  tag: "M4 4h8l8.500 8.500-8 8L4 12zm4 3.500v1",
  unfold: "M5 15l7-7 7 7",
  up: "M12 20V9m-5 4 5-5 5 5M5 4h14",
};
export type Icon = keyof typeof PATHS;

export function icon(name: Icon): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

/** A button of an icon and, beside it or only for those who cannot see it, its name. */
export function button(
  name: Icon,
  label: string,
  onclick: (event: MouseEvent) => void,
  look = "bare",
): HTMLButtonElement {
  const silent = look.includes("bare");
  return h(
    "button",
    { type: "button", className: look, onclick, title: silent ? label : undefined },
    icon(name),
    h("span", { className: silent ? "unseen" : "" }, label),
  );
}

/** Puts another icon and name on such a button. */
export function relabel(of: HTMLButtonElement, name: Icon, label: string): void {
  if (of.textContent === label) return;
  of.firstChild?.replaceWith(icon(name));
  of.lastChild!.textContent = label;
  if (of.title) of.title = label;
}

export function meter(label: string): HTMLProgressElement {
  return h("progress", { max: 1, value: 0, "aria-label": label });
}

/** Asks in a dialog, which keeps the focus; what the pressed button stands for, "" for none. */
export function ask(
  title: string,
  content: Child[],
  answers: [value: string, text: string, look: string][],
): Promise<string> {
  const buttons = answers.map(([value, text, className]) => {
    const type = value ? "submit" : "button"; // Enter presses the first that submits
    return h("button", { value, className, type, onclick: value ? undefined : () => dialog.close("") }, text);
  });
  const heading = h("h2", { id: "asked" }, title);
  const form = h("form", { method: "dialog" }, heading, ...content, h("p", { className: "row end" }, ...buttons));
  const dialog = h("dialog", { "aria-labelledby": "asked" }, form);
  document.body.append(dialog);
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue);
    });
    dialog.showModal();
  });
}

export const isSound = (name: string) => /\.(aac|ac3|aiff?|amr|caf|flac|m4a|mp3|oga|ogg|opus|w64|wav|wma)$/i.test(name);

const two = (n: number) => String(n).padStart(2, "0");

/** `1:02:03`, `2:03` */
export function clock(seconds: number): string {
  const all = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}

/** For people: `12 s`, `3 min` */
export function lasting(seconds: number): string {
  if (seconds < 10) return `${Math.max(seconds, 0.1).toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

export function bytes(count: number): string {
  const step = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const scaled = count / 1000 ** step;
  return `${scaled.toFixed(step > 0 && scaled < 10 ? 1 : 0)} ${UNITS[step]}`;
}

export function when(iso: string): string {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  if (today) return `Today ${at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
  const year = at.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return at.toLocaleDateString([], { day: "numeric", month: "short", year });
}

const names = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(undefined, { type: "language" }) : null;

export function language(code: string): string {
  if (code === "und") return "Unknown language";
  try {
    return names?.of(code) ?? code;
  } catch {
    return code; // not a code that browsers know
  }
}
