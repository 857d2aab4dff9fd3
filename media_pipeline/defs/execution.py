"""How the steps of a run are executed on one machine: processes of a fork server that has the imports done already.
Measured: docs/decisions/0004-local-execution.md."""

import dagster as dg

executor = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 2,
        "start_method": {"forkserver": {"preload_modules": ["media_pipeline.definitions"]}},
    }
)
