"""What Prometheus is told: the catalogue's numbers and Dagster's, read when it asks. Nothing is kept here but an answer
that is a few seconds old, so it may be started anew at any time and no counter begins again."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from media_pipeline.application.ports.figures import Figures
from media_pipeline.domain.census import Census, Vitals
from media_pipeline.domain.errors import Unavailable
from media_pipeline.domain.job import OPEN, JobState, Origin
from media_pipeline.domain.tally import BOUNDS, STAGES, THOUSAND, Measure, Tally, nothing, summed

PREFIX = "media_pipeline_"
FRESH_SECONDS = 10.0
"""for so long the same is told again, whoever asks"""


@dataclass(frozen=True, slots=True)
class _Counter:
    name: str
    told: str
    labels: tuple[str, ...]
    value: Callable[[Tally], float]


def _count(one: Tally) -> float:
    return one.count


def _total(one: Tally) -> float:
    return one.total


def _thousandth(one: Tally) -> float:
    return one.total / THOUSAND


_COUNTERS = {
    Measure.RECEIVED: (
        _Counter("received", "Versions of media taken up.", ("origin",), _count),
        _Counter("received_bytes", "Bytes of the versions taken up.", ("origin",), _total),
    ),
    Measure.CLOSED: (_Counter("closed", "Jobs that came to an end, as often as they did.", ("state", "code"), _count),),
    Measure.FAILED: (
        _Counter("task_failures", "Tries that came to nothing, and parts of tries.", ("task", "code"), _count),
    ),
    Measure.RETRIED: (_Counter("task_retries", "Tries that were not the first.", ("task",), _count),),
    Measure.STORED: (_Counter("stored_bytes", "Bytes of outputs that were stored.", ("task",), _total),),
    Measure.ENCODED: (
        _Counter("encoded_media_seconds", "Seconds of media that went through an encoder.", (), _thousandth),
    ),
}
_HISTOGRAMS: dict[Measure, tuple[str, str, tuple[str, ...]]] = {
    Measure.PLAYABLE: (
        "time_to_playable_seconds", "From taken up until it could be watched for the first time.", ("origin",)
    ),
    Measure.READY: ("time_to_ready_seconds", "From taken up until it was complete for the first time.", ("origin",)),
    Measure.TRIED: ("task_duration_seconds", "How long tries took.", ("task", "outcome")),
    Measure.SPEED: ("encode_speed_ratio", "Seconds of media encoded in a second of a try; 1 is real time.", ()),
}  # fmt: skip


class Exporter(Collector):
    """Asks for the numbers when it is asked. A source that does not answer is told as such, and its numbers are absent;
    the others are there."""

    def __init__(
        self, figures: Figures, vitals: Callable[[], Vitals], *, now: Callable[[], datetime],
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:  # fmt: skip
        self._sources: Mapping[str, Callable[[], list[Metric]]] = {
            "catalogue": lambda: [*of_census(figures.census(), now()), *of_tallies(figures.tallies())],
            "dagster": lambda: list(of_vitals(vitals())),
        }
        self._fresh_seconds = fresh_seconds
        self._lock = threading.Lock()
        self._told: list[Metric] = []
        self._until = 0.0

    def collect(self) -> Iterable[Metric]:
        with self._lock:  # who comes meanwhile gets the same
            if time.monotonic() >= self._until:
                self._told = list(self._asked())
                self._until = time.monotonic() + self._fresh_seconds
            return list(self._told)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry would ask everything to see what there is."""
        return ()

    def _asked(self) -> Iterator[Metric]:
        up = _gauge("exporter_source_up", "Whether a source of these numbers answers.", ["source"])
        took = _gauge("exporter_source_seconds", "How long a source took to answer.", ["source"])
        for name, source in self._sources.items():
            began, answered = time.monotonic(), True
            try:
                yield from source()
            except Unavailable:
                answered = False
            up.add_metric([name], float(answered))
            took.add_metric([name], time.monotonic() - began)
        yield from (up, took)


def of_census(census: Census, now: datetime) -> Iterator[Metric]:
    """The catalogue's jobs as they stand."""
    jobs = _gauge("jobs", "Jobs of every version, by state.", ["state"])
    for state in JobState:
        jobs.add_metric([state], census.jobs.get(state, 0))
    waiting = _gauge("queue_jobs", "Jobs in the queue.", ["origin"])
    oldest = _gauge("queue_oldest_age_seconds", "How long the oldest in the queue has waited; 0: nobody.", ["origin"])
    for origin in Origin:
        queue = census.queues.get(origin)
        waiting.add_metric([origin], queue.jobs if queue else 0)
        oldest.add_metric([origin], max(0.0, (now - queue.oldest).total_seconds()) if queue else 0)
    quarantined = _gauge("quarantined_jobs", "Jobs that wait for an operator, by code.", ["code"])
    for code, number in sorted(census.quarantined.items()):
        quarantined.add_metric([code], number)
    tasks = _gauge("open_tasks", "Tasks that wait or run.", ["task", "state"])
    for stage in STAGES:
        for task_state in sorted(OPEN):
            tasks.add_metric([stage, task_state], census.tasks.get((stage, task_state), 0))
    yield from (jobs, waiting, oldest, quarantined, tasks)


def of_tallies(tallies: Sequence[Tally]) -> Iterator[Metric]:
    """What has happened since the catalogue counts."""
    by_measure: dict[Measure, list[Tally]] = defaultdict(list)
    for one in summed([*nothing(), *tallies]):
        by_measure[one.measure].append(one)
    for measure, counters in _COUNTERS.items():
        for counter in counters:
            counted = CounterMetricFamily(PREFIX + counter.name, counter.told, labels=counter.labels)
            for one in by_measure[measure]:
                counted.add_metric(_labels(one, counter.labels), counter.value(one))
            yield counted
    for measure, (name, told, labels) in _HISTOGRAMS.items():
        yield _histogram(HistogramMetricFamily(PREFIX + name, told, labels=labels), labels, by_measure[measure])


def of_vitals(vitals: Vitals) -> Iterator[Metric]:
    """Dagster's runs, sensors and daemons."""
    runs = _gauge("runs", "Runs that are not over, by Dagster's status.", ["status"])
    for status, number in vitals.runs.items():
        runs.add_metric([status.lower()], number)
    ticks = _gauge("sensor_tick_age_seconds", "Since a sensor last ticked.", ["sensor"])
    failing = _gauge("sensor_failing", "Whether the last tick of a sensor failed.", ["sensor"])
    for name, pulse in sorted(vitals.sensors.items()):
        ticks.add_metric([name], pulse.seconds_ago)
        failing.add_metric([name], float(pulse.failing))
    beats = _gauge("daemon_heartbeat_age_seconds", "Since a part of Dagster's daemon last told.", ["daemon"])
    for name, pulse in sorted(vitals.daemons.items()):
        beats.add_metric([name.lower()], pulse.seconds_ago)
    yield from (runs, ticks, failing, beats)


def _gauge(name: str, told: str, labels: Sequence[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, told, labels=labels)


def _histogram(family: HistogramMetricFamily, labels: Sequence[str], tallies: Sequence[Tally]) -> Metric:
    of_series: dict[tuple[str, ...], list[Tally]] = defaultdict(list)
    for one in tallies:
        of_series[tuple(_labels(one, labels))].append(one)
    for series, told in of_series.items():
        bounds = [*map(floatToGoString, BOUNDS[told[0].measure]), "+Inf"]
        counts = [0] * len(bounds)
        for one in told:
            counts[one.bucket] += one.count
        cumulative = [float(count) for count in accumulate(counts)]
        family.add_metric(series, list(zip(bounds, cumulative, strict=True)), sum(map(_thousandth, told)))
    return family


def _labels(one: Tally, names: Sequence[str]) -> list[str]:
    return [one.of, one.code][: len(names)]
