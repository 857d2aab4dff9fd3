"""The one job: everything that is made from one upload. One upload is one run."""

import dagster as dg

from media_pipeline.defs.console import CONFIG

process_upload = dg.define_asset_job(
    "process_upload",
    selection=dg.AssetSelection.all(),
    config=CONFIG,
    description="Everything that is made from one upload, published step by step.",
)
