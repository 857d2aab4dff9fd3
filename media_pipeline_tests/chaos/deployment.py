"""The code location of the storm: the product as it is deployed, with models that take no time, and steps that the
storm can meet: where they begin, and where they have done their work and nobody knows of it."""

from dataclasses import replace
from typing import Any

from media_pipeline.definitions import build
from media_pipeline.defs.resources import from_environment
from media_pipeline.domain.attempt import stage
from media_pipeline.domain.job import Task, TaskState
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline_tests.chaos.gate import Gate
from media_pipeline_tests.fake_models import ScriptedEye, ScriptedRecogniser

_deployed = from_environment()


class Gated(SqlCatalogue):
    def task(self, media_id: str, version: str, name: str, state: TaskState, **told: Any) -> Task:
        folder = _deployed.settings.home / "gates"
        if state in {TaskState.DONE, TaskState.SKIPPED}:
            Gate(folder, stage(name), "end").passed(media_id)
        written = super().task(media_id, version, name, state, **told)
        if state is TaskState.RUNNING:
            Gate(folder, stage(name), "begin").passed(media_id)
        return written


defs = build(
    replace(
        _deployed,
        catalogue=Gated(Connections(_deployed.settings.database_url)),
        recogniser=ScriptedRecogniser(),
        eye=ScriptedEye([("test card", 0.9)]),
    )
)
