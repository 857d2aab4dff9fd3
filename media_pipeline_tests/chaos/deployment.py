"""The code location of the storm: the product as it is deployed, with models that take no time."""

from dataclasses import replace

from media_pipeline.definitions import build
from media_pipeline.defs.resources import from_environment
from media_pipeline_tests.fake_models import ScriptedEye, ScriptedRecogniser

defs = build(replace(from_environment(), recogniser=ScriptedRecogniser(), eye=ScriptedEye([("test card", 0.9)])))
