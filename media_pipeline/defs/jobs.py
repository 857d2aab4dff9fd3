"""The one job: everything that is made from one upload. One upload is one run."""

import dagster as dg

process_upload = dg.define_asset_job(
    "process_upload",
    selection=dg.AssetSelection.all(),
    description="Everything that is made from one upload, published step by step.",
)
