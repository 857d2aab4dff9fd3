// What is being sent, in a corner of every page; and the ways to choose files.

import { button, bytes, fill, h, lasting, meter, relabel } from "./dom.js";
import { add, drop, isBusy, isLost, pause, recall, resume, sent, unreadable, uploads, type Upload } from "./sending.js";

const KINDS = /^(video|audio)\//;
const ENDINGS =
  /\.(3gp|aac|ac3|aiff?|amr|asf|avi|caf|dv|flac|flv|m2?ts|m4[av]|mkv|mov|mp[34]|mpe?g|mxf|og[agv]|opus|ts|vob)$/i;
const OTHERS = /\.(w64|wav|webm|wm[av])$/i;
const MANY_OF_A_FOLDER = 2000;

/** A file, or those of a folder and the folders in it that look like media. */
async function inside(entry: FileSystemEntry, chosen: boolean): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    return chosen || looksLikeMedia(file) ? [file] : [];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    // a folder is read in portions
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0 || files.length > MANY_OF_A_FOLDER) return files;
    for (const one of some) files.push(...(await inside(one, false)));
  }
}

/** What was dropped; what cannot be read is told of beside what is sent. */
async function whole(entry: FileSystemEntry): Promise<File[]> {
  try {
    return await inside(entry, true);
  } catch (error) {
    unreadable(entry.name, `The browser cannot read it: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

const looksLikeMedia = (file: File) =>
  !file.name.startsWith(".") && (KINDS.test(file.type) || ENDINGS.test(file.name) || OTHERS.test(file.name));

function picker(folder: boolean): HTMLInputElement {
  const input = h("input", { type: "file", multiple: true, hidden: true });
  input.webkitdirectory = folder;
  input.addEventListener("change", () => {
    add([...input.files!].filter((file) => !folder || looksLikeMedia(file)));
    input.value = "";
  });
  return input;
}

/** Takes files dropped anywhere on the page. */
function dropping(): HTMLElement {
  const sheet = h("div", { className: "dropping", hidden: true }, h("p", {}, "Drop to upload"));
  const ours = (event: DragEvent) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!ours(event)) return;
    event.preventDefault();
    sheet.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) sheet.hidden = true;
  });
  addEventListener("drop", (event) => {
    sheet.hidden = true;
    if (!ours(event)) return;
    event.preventDefault();
    const entries = [...event.dataTransfer!.items]
      .map((item) => item.webkitGetAsEntry())
      .filter((entry) => entry !== null);
    const plain = [...event.dataTransfer!.files]; // both are gone after this event
    if (entries.length === 0) add(plain);
    else void Promise.all(entries.map(whole)).then((found) => add(found.flat()));
  });
  return sheet;
}

function said(upload: Upload): string {
  const there = sent(upload);
  const left = upload.rate > 0 ? `, ${lasting((upload.size - there) / upload.rate)} left` : "";
  const amount = `${bytes(there)} of ${bytes(upload.size)}`;
  return {
    waiting: "Waiting",
    sending: isLost(upload) ? `Connection lost, trying again. ${amount}` : amount + left,
    paused: `Paused at ${amount}`,
    closing: "Putting it together",
    done: "Sent. What is made of it can be watched.",
    failed: upload.why,
    asleep: `${amount} are there. Choose the file again to go on.`,
  }[upload.stage];
}

function row(upload: Upload, again: () => void) {
  const bar = meter(`Progress of ${upload.name}`);
  const words = h("p", { className: "meta" });
  const name = h("span", { className: "name", title: upload.name }, upload.name);
  const hold = button("pause", "Pause", () => {
    if (["waiting", "sending"].includes(upload.stage)) pause(upload);
    else if (upload.stage === "asleep") again();
    else resume(upload);
  });
  const gone = button("close", "Cancel", () => void drop(upload));
  const element = h("li", {}, h("div", { className: "row" }, name, hold, gone), bar, words);
  return {
    element,
    show(): void {
      const stage = upload.stage;
      element.className = stage;
      bar.value = stage === "done" ? 1 : upload.size > 0 ? sent(upload) / upload.size : 0;
      words.textContent = said(upload);
      hold.hidden = ["closing", "done"].includes(stage) || (stage === "failed" && !upload.file);
      if (["waiting", "sending"].includes(stage)) relabel(hold, "pause", `Pause ${upload.name}`);
      else
        relabel(
          hold,
          stage === "asleep" ? "file" : "play",
          stage === "asleep" ? `Choose ${upload.name} again` : `Resume ${upload.name}`,
        );
      relabel(gone, "close", `${stage === "done" ? "Dismiss" : "Cancel"} ${upload.name}`);
      if (stage === "done" && !name.firstElementChild) {
        const watch = () => void drop(upload); // who goes there has seen that it was sent
        fill(name, h("a", { href: `#/media/${upload.media}`, onclick: watch }, upload.name));
      }
    },
  };
}

export type Tray = {
  element: HTMLElement;
  redraw: () => void;
  pick: () => HTMLElement;
  choose: (folder: boolean) => void;
};

export function tray(): Tray {
  const [files, folder] = [picker(false), picker(true)];
  const rows = new Map<Upload, ReturnType<typeof row>>();
  const [title, list] = [h("h2"), h("ul")];
  const fold = button("fold", "Fold", () => {
    const folded = box.classList.toggle("folded");
    relabel(fold, folded ? "unfold" : "fold", folded ? "Unfold" : "Fold");
  });
  const clear = button("close", "Dismiss what is done", () =>
    uploads.filter((one) => one.stage === "done").forEach((one) => void drop(one)),
  );
  const box = h(
    "section",
    { className: "tray", "aria-label": "Uploads", hidden: true },
    h("div", { className: "row head" }, title, fold, clear),
    list,
  );
  let due = 0;

  function draw(): void {
    due = 0;
    box.hidden = uploads.length === 0;
    for (const [upload, { element }] of rows) {
      if (uploads.includes(upload)) continue;
      element.remove();
      rows.delete(upload);
    }
    for (const upload of uploads) {
      if (!rows.has(upload)) {
        rows.set(
          upload,
          row(upload, () => files.click()),
        );
        list.append(rows.get(upload)!.element);
      }
      rows.get(upload)!.show();
    }
    const busy = uploads.filter(isBusy);
    const [all, there] = [busy.reduce((sum, one) => sum + one.size, 0), busy.reduce((sum, one) => sum + sent(one), 0)];
    title.textContent =
      busy.length > 0 ? `Sending ${busy.length}, ${Math.floor((100 * there) / Math.max(all, 1))} %` : "Uploads";
    clear.hidden = !uploads.some((one) => one.stage === "done");
  }

  addEventListener("beforeunload", (event) => {
    if (uploads.some(isBusy)) event.preventDefault();
  });
  void recall();
  return {
    element: h("div", {}, files, folder, dropping(), box),
    redraw: () => {
      due ||= requestAnimationFrame(draw);
    },
    choose: (whole) => (whole ? folder : files).click(),
    pick: () =>
      h(
        "div",
        { className: "plate start" },
        h("h2", {}, "Drop video or audio here"),
        h("p", {}, "It becomes a stream that plays everywhere, with subtitles, previews and tags."),
        h(
          "p",
          { className: "row centre" },
          button("file", "Choose files", () => files.click(), "main"),
          button("folder", "Choose a folder", () => folder.click(), "plain"),
        ),
      ),
  };
}
