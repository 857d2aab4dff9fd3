"""What Dagster says of a run, on the console of whoever works on it."""

import logging

import dagster as dg

from media_pipeline.infrastructure import telemetry

KEY = "console"
CONFIG = {"loggers": {KEY: {"config": {"log_level": "INFO"}}}}
"""of every job: Dagster asks no logger of ours that a run's configuration does not name"""


@dg.logger(
    {"log_level": dg.Field(str, default_value="INFO", is_required=False)},
    description="One line of JSON on stderr for each event.",
)
def json_lines(context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's events, and what it took into the run's log of our own."""
    logger = logging.Logger("dagster", context.logger_config["log_level"])
    logger.addHandler(telemetry.stderr())
    return logger
