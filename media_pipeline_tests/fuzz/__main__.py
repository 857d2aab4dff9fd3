"""`make fuzz`: break files and judge what becomes of them, for as long as one likes.

    python -m media_pipeline_tests.fuzz [--seconds 60] [--seed 1] [--keep FOLDER]
    python -m media_pipeline_tests.fuzz FILE…        judge files again, such as those that were kept

Ends with 1 when a promise was not kept. Each such file is kept, and the command that judges it again is printed.
"""

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from media_pipeline_tests.fuzz import corpus
from media_pipeline_tests.fuzz.mutate import Case, case
from media_pipeline_tests.fuzz.oracle import Broken, Oracle

PROGRESS_SECONDS = 10


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        oracle = Oracle.below(Path(folder) / "home")
        if chosen.files:
            return judge_again(oracle, chosen.files)
        cases = broken_files(Path(folder), chosen.seed, until=time.monotonic() + chosen.seconds)
        return search(oracle, cases, chosen.seed, chosen.keep)


def broken_files(folder: Path, seed: int, *, until: float) -> Iterator[tuple[int, Case]]:
    originals = corpus.make(folder)
    for number in itertools.count():
        if time.monotonic() >= until:
            return
        yield number, case(originals, seed, number)


def search(oracle: Oracle, cases: Iterator[tuple[int, Case]], seed: int, keep: Path) -> int:
    began = told = time.monotonic()
    seen: Counter[str] = Counter()
    for number, broken in cases:
        try:
            seen[oracle.judge(broken.data)] += 1
        except Broken as fault:
            seen["BROKEN"] += 1
            keep.mkdir(parents=True, exist_ok=True)
            path = keep / f"{seed}-{number}"
            path.write_bytes(broken.data)
            print(f"BROKEN {broken.told}\n  {fault}\n  again: python -m media_pipeline_tests.fuzz {path}", flush=True)
        if time.monotonic() - told >= PROGRESS_SECONDS:
            told = time.monotonic()
            print(summary(seen, told - began), flush=True)
    print(summary(seen, time.monotonic() - began))
    return 1 if seen["BROKEN"] else 0


def judge_again(oracle: Oracle, files: list[Path]) -> int:
    faults = 0
    for file in files:
        try:
            print(f"{file}: {oracle.judge(file.read_bytes())}")
        except Broken as fault:
            faults += 1
            print(f"{file}: BROKEN {fault}")
    return 1 if faults else 0


def summary(seen: "Counter[str]", seconds: float) -> str:
    answers = ", ".join(f"{count} {answer}" for answer, count in seen.most_common())
    return f"{sum(seen.values())} files in {seconds:.0f} s: {answers}"


if __name__ == "__main__":
    sys.exit(main())
