"""`make chaos`: harm a deployment while uploads arrive, and judge what has become of them when it is calm again.

    python -m media_pipeline_tests.chaos [--seconds 60] [--seed 1] [--harms N] [--only TEXT] [--patience 300]
        [--keep FOLDER]

Ends with 1 when a promise was not kept; then the logs are kept. The seed decides the harms, their order and the
uploads; what each harm meets is a matter of the machine.
"""

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import islice
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from media_pipeline_tests.chaos.feed import Feed
from media_pipeline_tests.chaos.judge import judged, states, tries
from media_pipeline_tests.chaos.plan import plan
from media_pipeline_tests.chaos.storm import heal, rage
from media_pipeline_tests.chaos.watcher import Watcher, watching
from media_pipeline_tests.chaos.world import World, world

LONGEST = 30.0
"""seconds of one harm, and no more than a tenth of the storm"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--harms", type=int, help="so many, however long they take")
    options.add_argument("--only", default="", help="harms whose names hold this, such as 'kill the step'")
    options.add_argument("--patience", type=float, default=300)
    options.add_argument("--keep", type=Path, default=Path("chaos-failures"))
    chosen = options.parse_args()
    with TemporaryDirectory(prefix="chaos-") as folder, world(Path(folder) / "home") as here:
        violations = storm(here, Feed(here, chosen.seed, Path(folder)), chosen)
        return ended(violations, logs=[here.log], keep=chosen.keep / str(chosen.seed))


def storm(here: World, feed: Feed, chosen: argparse.Namespace) -> list[str]:
    """Through it, with the numbers printed; the promises that were not kept."""
    all_harms = plan(chosen.seed, longest=min(LONGEST, chosen.seconds / 10))
    planned = islice((harm for harm in all_harms if chosen.only in harm.kind), chosen.harms)
    seconds = inf if chosen.harms else chosen.seconds
    with watching(Watcher(here.here.shelf, here.newer, lambda: list(feed.ids()))) as watcher:
        hit, missed = rage(here, feed, planned, seconds=seconds, tell=partial(print, flush=True))
        healed = heal(here, feed, patience=chosen.patience)
    with here.stores() as stores:
        scratch = here.here.settings.scratch_dir
        violations = [*watcher.violations, *judged(feed.sent, stores, sweep=here.sweep, scratch=scratch)]
        made, failed = tries(stores)
        print(f"seed {chosen.seed}: {feed.versions} versions of {len(feed.sent)} uploads")
        print(f"hit: {listed(hit)}")
        print(f"missed: {listed(missed)}")
        print(f"states: {listed(states(stores))}")
    print(f"tries: {made}, of which {failed} came to nothing; healed after {healed:.0f} s")
    print(f"manifests: {sum(map(len, watcher.seen.values()))} revisions seen, {watcher.polls} looks at all of them")
    return violations


def ended(violations: Sequence[str], *, logs: Sequence[Path], keep: Path) -> int:
    """What the command ends with, said why: 1 where a promise was not kept, and the logs are."""
    print(f"violations: {len(violations)}")
    for violation in violations:
        print(f"  {violation}")
    if not violations:
        return 0
    keep.mkdir(parents=True, exist_ok=True)
    for log in logs:
        shutil.copy(log, keep)
    print(f"logs: {keep}")
    return 1


def listed(counted: "Counter[str]") -> str:
    return ", ".join(f"{count} {what}" for what, count in counted.most_common()) or "none"


if __name__ == "__main__":
    sys.exit(main())
