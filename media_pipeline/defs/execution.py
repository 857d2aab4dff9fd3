"""How the steps of a run are executed on one machine.

One after the other in the run's own process by default: the encoder uses every core by itself, picture and sound come
first, and each model is loaded once. `multiprocess` runs steps side by side in processes of a fork server that has the
imports done already. Measured: docs/decisions/0004-local-execution.md.
"""

import dagster as dg

from media_pipeline.infrastructure.settings import Settings


def executor(settings: Settings) -> dg.ExecutorDefinition:
    """The executor that the settings choose."""
    if settings.executor == "in_process":
        return dg.in_process_executor
    configured: dg.ExecutorDefinition = dg.multiprocess_executor.configured(
        {
            "max_concurrent": settings.steps_at_once,
            "start_method": {"forkserver": {"preload_modules": ["media_pipeline.definitions"]}},
        }
    )
    return configured
