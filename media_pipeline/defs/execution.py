"""How the steps of a run are executed.

One after the other in the run's own process by default: the encoder uses every core by itself, picture and sound come
first, and each model is loaded once. `multiprocess` runs steps side by side in processes of a fork server that has the
imports done already. Measured: docs/decisions/0004-local-execution.md. `k8s` gives each step a pod of its own:
docs/decisions/0026-a-pod-per-step.md.
"""

import dagster as dg

from media_pipeline.defs.resources import Platform


def executor(platform: Platform) -> dg.ExecutorDefinition:
    """The executor that the settings choose."""
    settings = platform.settings
    if settings.executor == "in_process":
        return dg.in_process_executor
    if settings.executor == "k8s":
        from media_pipeline.defs import pods  # its library is one of deployments on Kubernetes

        return pods.build(platform)
    configured: dg.ExecutorDefinition = dg.multiprocess_executor.configured(
        {
            "max_concurrent": settings.steps_at_once,
            "start_method": {"forkserver": {"preload_modules": ["media_pipeline.definitions"]}},
        }
    )
    return configured
