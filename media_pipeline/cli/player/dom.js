// What every part of the page needs: elements without markup strings, and times people read.

export const find = (id) => document.getElementById(id);

/** An element with properties or attributes, and children. Strings become text nodes, never markup. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** 0:07, 12:30 or 1:02:03 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const clocked = `${minutes % 60}:${two(whole % 60)}`;
  return minutes < 60 ? clocked : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Where an object of the manifest is served. */
export const at = (path) => `media/${path.split("/").map(encodeURIComponent).join("/")}`;

/** The cues of a `<track>`, once they are there. Loads them without showing them. */
export function cuesOf(track, then) {
  const ready = () => then([...(track.track.cues ?? [])]);
  if (track.readyState === HTMLTrackElement.LOADED) ready();
  else track.addEventListener("load", ready, { once: true });
  if (track.track.mode === "disabled") track.track.mode = "hidden";
}
