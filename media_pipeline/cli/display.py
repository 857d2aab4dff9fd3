"""What a person sees while a job runs, and when it is over. Everything goes to stderr; stdout is for answers."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table
from rich.text import Text

from media_pipeline.cli.doctor import Finding
from media_pipeline.cli.process import Answer, Watch
from media_pipeline.domain.attempt import Attempt
from media_pipeline.domain.job import Job, JobState, Task, TaskState
from media_pipeline.domain.manifest import Manifest, ManifestAudio

console = Console(stderr=True)

_LIST_COLUMNS = 140
_MARKS = {
    TaskState.WAITING: "[dim]·[/]",
    TaskState.RUNNING: "[cyan]▸[/]",
    TaskState.DONE: "[green]✓[/]",
    TaskState.FAILED: "[red]✗[/]",
    TaskState.SKIPPED: "[dim]–[/]",
}
_STATE_STYLES = {
    JobState.READY: "bold green",
    JobState.PLAYABLE: "bold yellow",
    JobState.REJECTED: "bold red",
    JobState.QUARANTINED: "bold red",
}


@contextmanager
def live(title: str, *, shown: bool) -> Iterator[Watch]:
    """Something to show a job to. Without a terminal to show it on, nothing is drawn."""
    if not shown or not console.is_terminal:
        yield lambda _: None
        return
    # Dagster turns file descriptor 2 into the step's log while a step runs; the bars keep the terminal.
    with os.fdopen(os.dup(2), "w") as terminal, Live(title, Console(file=terminal)) as bars:
        yield bars.show


class Live:
    """A bar for every task of the job at hand, with how long it ran and how long it will take."""

    def __init__(self, title: str, terminal: Console) -> None:
        self._terminal = terminal
        self._progress = Progress(
            TextColumn("{task.fields[mark]}"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24, pulse_style="cyan"),
            TextColumn("{task.fields[note]}", style="dim"),
            console=terminal,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bars: dict[str, TaskID] = {}
        self._title = title

    def __enter__(self) -> "Live":
        self._terminal.print(f"[bold]{escape(printable(self._title))}[/]")
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, job: Job) -> None:
        """Bring the bars up to date."""
        for task in job.tasks:
            bar = self._bars.get(task.name)
            if bar is None:
                bar = self._bars[task.name] = self._progress.add_task(task.name, total=1.0, mark="", note="")
            unknown = task.state is TaskState.RUNNING and not task.progress
            self._progress.update(
                bar,
                total=None if unknown else 1.0,
                completed=1.0 if task.state is TaskState.DONE else task.progress,
                mark=_MARKS[task.state],
                note=note(task),
            )


def note(task: Task) -> str:
    """What there is to say about a task in a few words."""
    if task.state is TaskState.RUNNING and task.progress > 0.02 and task.seconds:
        left = task.seconds * (1 - task.progress) / task.progress
        return f"{task.progress:>4.0%}, {_clock(left)} left"
    if task.reason:
        return escape(task.reason)
    return _clock(task.seconds) if task.seconds is not None and task.state is TaskState.DONE else str(task.state)


def printable(name: str) -> str:
    """A user's text for a terminal: what would steer it, or turn the line round, is shown as a mark."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def summary(answer: Answer) -> None:
    """What was made of a file, and how to play it."""
    style = _STATE_STYLES.get(answer.state, "bold")
    console.print(
        Text.assemble((str(answer.state), style), "  ", printable(answer.file), f"  ({answer.seconds:.1f} s)")
    )
    if answer.error:
        console.print(Text(f"  {answer.error['code']}: {answer.error['message']}"))
    if answer.job and answer.manifest and answer.manifest_path:
        console.print(_made(answer.manifest, answer.job))
        folder = answer.manifest_path.rpartition("/")[0]
        console.print(Text(f"  where     {folder}/{answer.manifest.version}"), soft_wrap=True)
        console.print(Text(f"  manifest  {answer.manifest_path}"), soft_wrap=True)
        console.print(Text(f"  play      media-pipeline open {answer.job.media_id}"), soft_wrap=True)


def jobs(found: Sequence[Job]) -> None:
    """Jobs, a line each."""
    # An id is there to be copied: it is never cut off. A narrow terminal breaks the lines.
    whole = Column("id", min_width=max((len(j.media_id) for j in found), default=0))
    table = Table(whole, "title", "state", "tasks", "received", "why", box=None, header_style="bold")
    for job in found:
        over = sum(t.state in {TaskState.DONE, TaskState.SKIPPED} for t in job.tasks)
        table.add_row(
            job.media_id, Text(printable(job.title)), Text(str(job.state), style=_STATE_STYLES.get(job.state, "")),
            f"{over}/{len(job.tasks)}", job.received_at.astimezone().strftime("%Y-%m-%d %H:%M"),
            Text(job.failure.message if job.failure else ""),
        )  # fmt: skip
    out = Console()
    out.width = max(out.width, _LIST_COLUMNS)
    out.print(table, crop=False)


def job(found: Job, attempts: Sequence[Attempt], published: Mapping[str, Any] | None) -> None:
    """One job and its tasks, what was tried in vain, and what is published of its media."""
    table = Table("", "task", "state", "note", box=None, header_style="bold")
    for task in found.tasks:
        table.add_row(_MARKS[task.state], task.name, str(task.state), note(task))
    out = Console()
    out.print(Text.assemble((str(found.state), _STATE_STYLES.get(found.state, "bold")), "  ", printable(found.title)))
    if found.failure:
        out.print(Text(f"{found.failure.code}: {found.failure.message}"))
    if published and published["standing"] != "current":
        out.print(Text(f"published: revision {published['revision']} of an older version ({published['standing']})"))
    out.print(table)
    if failed := [a for a in attempts if a.failure]:
        tried = Table("tried in vain", "when", "why", box=None, header_style="bold")
        for attempt in failed:
            when = attempt.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            why = f"{attempt.failure.code}: {attempt.failure.message}" if attempt.failure else ""
            tried.add_row(attempt.stage, when, Text(why))
        out.print(tried)


def findings(found: Sequence[Finding]) -> None:
    """What `doctor` found, a line each."""
    folded = [Column(name, overflow="fold") for name in ("in force", "note")]
    table = Table("", "what", *folded, box=None, header_style="bold")
    for finding in found:
        table.add_row(
            "[green]✓[/]" if finding.ok else "[red]✗[/]", finding.name, Text(finding.value), Text(finding.note)
        )
    Console().print(table)


def _made(manifest: Manifest, job: Job) -> Table:
    def below(key: str | None) -> str:
        return (key or "").removeprefix(f"{manifest.version}/")

    table = Table("output", "what", Column("where", no_wrap=True), box=None, header_style="bold", padding=(0, 1, 0, 2))
    codecs = len({r.codec for r in manifest.renditions}) > 1
    ladder = ", ".join(f"{r.width}×{r.height}" + (f" {r.codec}" if codecs else "") for r in manifest.renditions)
    played = f"HLS + DASH, {manifest.duration_seconds:.1f} s: {ladder or 'sound only'}"
    table.add_row("stream", played, below(manifest.hls))
    if manifest.audio:
        table.add_row("audio", ", ".join(_heard(track) for track in manifest.audio), "")
    if manifest.poster:
        table.add_row("poster", "", below(manifest.poster))
    if manifest.storyboard:
        table.add_row("storyboard", f"{len(manifest.storyboard.images)} sheet(s)", below(manifest.storyboard.vtt))
    if manifest.preview:
        table.add_row("preview", "animated", below(manifest.preview))
    for track in manifest.subtitles:
        table.add_row("subtitles", f"{track.language} ({track.origin})", below(track.vtt))
    if manifest.scenes or manifest.tags:
        tags = ", ".join(f"{t.name} {t.confidence:.0%}" for t in manifest.tags[:6]) or "no tags"
        table.add_row("tags", Text(f"{tags}; {len(manifest.scenes)} scene(s)"), "")
    for task in job.tasks:
        if task.state is TaskState.FAILED or (task.state is TaskState.SKIPPED and "/" not in task.name):
            table.add_row(task.name, Text(f"{task.state}: {task.reason}"), "")
    return table


def _heard(track: ManifestAudio) -> str:
    loudness = "silent" if track.loudness_lufs is None else f"{track.loudness_lufs:.1f} LUFS"
    return loudness if track.language == "und" else f"{track.language} {loudness}"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d} min" if seconds >= 60 else f"{seconds:.1f} s"
