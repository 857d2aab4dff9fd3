"""`make chaos`: harm a deployment while uploads arrive, and judge what has become of them when it is calm again.

    python -m media_pipeline_tests.chaos [--seconds 60] [--seed 1] [--patience 300] [--keep FOLDER]

Ends with 1 when a promise was not kept; then the logs are kept. The seed decides the harms, their order and the
uploads; what each harm meets is a matter of the machine.
"""

import argparse
import shutil
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from media_pipeline_tests.chaos.feed import Feed
from media_pipeline_tests.chaos.judge import judged, states, tries
from media_pipeline_tests.chaos.plan import plan
from media_pipeline_tests.chaos.storm import heal, rage
from media_pipeline_tests.chaos.watcher import watching
from media_pipeline_tests.chaos.world import World, world

LONGEST = 30.0
"""seconds of one harm, and no more than a tenth of the storm"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--patience", type=float, default=300)
    options.add_argument("--keep", type=Path, default=Path("chaos-failures"))
    chosen = options.parse_args()
    with TemporaryDirectory(prefix="chaos-") as folder, world(Path(folder) / "home") as here:
        violations = storm(here, Feed(here, chosen.seed, Path(folder)), chosen)
        if violations:
            keep(here, chosen.keep / str(chosen.seed))
    return 1 if violations else 0


def storm(here: World, feed: Feed, chosen: argparse.Namespace) -> list[str]:
    """Through it, with the numbers printed; the promises that were not kept."""
    planned = plan(chosen.seed, longest=min(LONGEST, chosen.seconds / 10))
    with watching(here, lambda: list(feed.ids())) as watcher:
        harms = rage(here, feed, planned, seconds=chosen.seconds, tell=partial(print, flush=True))
        healed = heal(here, feed, patience=chosen.patience)
    violations = [*watcher.violations, *judged(here, feed)]
    made, failed = tries(here)
    print(f"seed {chosen.seed}: {feed.versions} versions of {len(feed.sent)} uploads; {harms.total()} harms")
    print(f"harms: {listed(harms)}")
    print(f"states: {listed(states(here))}")
    print(f"tries: {made}, of which {failed} came to nothing; healed after {healed:.0f} s")
    print(f"manifests: {sum(map(len, watcher.seen.values()))} revisions seen, {watcher.polls} looks at all of them")
    print(f"violations: {len(violations)}")
    for violation in violations:
        print(f"  {violation}")
    return violations


def listed(counted: "Counter[str]") -> str:
    return ", ".join(f"{count} {what}" for what, count in counted.most_common()) or "none"


def keep(here: World, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in (here.log, here.here.settings.log_file):
        shutil.copy(log, folder)
    print(f"logs: {folder}")


if __name__ == "__main__":
    sys.exit(main())
