// How a job stands: its state as a badge, its tasks as rows that fill.

import { isOver, taskName, type Media, type State, type Task } from "./api.js";
import { h, icon, lasting, meter, type Icon } from "./dom.js";

export const STATES: Record<State, string> = {
  queued: "Queued",
  processing: "Processing",
  playable: "Playable",
  ready: "Ready",
  rejected: "Rejected",
  quarantined: "Quarantined",
  cancelled: "Cancelled",
  removed: "Removed",
};

const SIGNS: Record<Task["state"], Icon> = {
  waiting: "dot",
  running: "dot",
  done: "check",
  failed: "close",
  skipped: "dot",
};

export function badge(media: Media): HTMLElement {
  return h("span", { className: `badge ${media.state}` }, STATES[media.state]);
}

/** One sentence on how it stands, for people who wait. */
export function standing(media: Media): string {
  if (media.error) return media.error.message;
  if (media.state === "queued") return "Waiting for its turn.";
  const running = media.tasks.filter((task) => task.state === "running").map((task) => taskName(task.name));
  if (running.length > 0)
    return running.length > 2 ? `${running[0]} and ${running.length - 1} more` : running.join(", ");
  const failed = media.tasks.filter((task) => task.state === "failed").map((task) => taskName(task.name));
  if (isOver(media) && failed.length > 0) return `Not made: ${failed.join(", ")}.`;
  return media.state === "playable" ? "It can be played; the rest is being made." : "";
}

function words(task: Task): string {
  if (task.state === "running") return `${Math.round(task.progress * 100)} %`;
  if (task.state === "done") return task.seconds === null ? "Done" : `Done in ${lasting(task.seconds)}`;
  return { waiting: "Waiting", failed: "Failed", skipped: "Not needed" }[task.state];
}

/** The tasks of a job; `show` brings them up to date in place. */
export function taskList(): { element: HTMLElement; show: (media: Media) => void } {
  const list = h("ol", { className: "tasks" });
  const others = h("ol", { className: "tasks" });
  const summary = h("summary");
  const folded = h("details", { hidden: true }, summary, others);
  const rows = new Map<string, { row: HTMLLIElement; bar: HTMLProgressElement; how: HTMLElement; why: HTMLElement }>();

  function row(task: Task) {
    const bar = meter(taskName(task.name));
    const [how, why] = [h("span", { className: "how" }), h("span", { className: "why" })];
    const made = {
      row: h("li", {}, h("span", { className: "name" }, icon("dot"), taskName(task.name)), bar, how, why),
      bar,
      how,
      why,
    };
    rows.set(task.name, made);
    return made;
  }

  function show(media: Media): void {
    for (const task of media.tasks) {
      const { row: line, bar, how, why } = rows.get(task.name) ?? row(task);
      const home = task.state === "skipped" ? others : list;
      if (line.parentNode !== home) home.append(line);
      if (line.className !== task.state)
        line.firstElementChild!.firstElementChild!.replaceWith(icon(SIGNS[task.state]));
      line.className = task.state;
      bar.value = task.state === "done" ? 1 : task.progress;
      how.textContent = words(task);
      why.textContent = task.reason ?? "";
    }
    folded.hidden = others.childElementCount === 0;
    summary.textContent = `${others.childElementCount} not needed, and why`;
  }

  return { element: h("div", { className: "work" }, list, folded), show };
}
