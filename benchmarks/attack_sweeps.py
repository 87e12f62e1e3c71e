"""``kill -9`` at random moments of a sweep: what is lost, and whether it goes on.

    python -m benchmarks.attack_sweeps                 # 50 kills
    python -m benchmarks.attack_sweeps --kills 10 --seed 3

A sweep of item2vec on the planted shop runs as ``recemb sweep --store … --resume``. Each time, from the moment when it
has begun to sweep, it is left for a random while and killed with the processes that it has started. Then the file of
its runs is read, the store of runs opened, and both are compared with what they held before; at the end the sweep is
resumed to its end, and another one, never killed, has to have got the same figures.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recemb_core.runs import RunStore
from recemb_core.sweeps import Journal, Run

TOML = """
format = "recemb-session"
version = 1
data = "planted_shop"
[model]
name = "item2vec"
epochs = 2
negative = {negative}
[sweep]
trials = {trials}
aims = ["hr", "bytes"]
[sweep.space]
dimensions = {{low = 4, high = 32}}
learning_rate = {{low = 0.005, high = 0.1, log = true}}
"""


def command(file: Path, store: Path) -> list[str]:
    return [sys.executable, "-m", "recemb_core", "sweep", str(file), "--store", str(store), "--resume"]


def figures(runs: list[Run]) -> list[tuple[int, int, list[float]]]:
    return [(run.setting, run.seed, run.users.tolist()) for run in runs]


def killed_sweep(folder: Path, trials: int, negative: int, kills: int, most: float, rng: random.Random) -> int:
    """One sweep, killed until it is at its end or the kills are spent: how many there were."""
    file, store = folder / "killed.toml", folder / "store"
    file.write_text(TOML.format(trials=trials, negative=negative))
    place = store / "sweeps" / "killed.jsonl"
    known: list[Run] = []
    lost = shrunk = unopened = kill = 0
    over = False
    while kill < kills and not over:
        process = subprocess.Popen(
            command(file, store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        begun, before = time.monotonic(), len(known)
        while not (place.exists() and Journal.is_open(place)) and process.poll() is None:
            time.sleep(0.05)
        time.sleep(rng.uniform(0, most))
        os.killpg(process.pid, signal.SIGKILL)
        over = process.wait() == 0  # it was at its end before
        runs = Journal.read(place)[1]
        shrunk += figures(runs)[: len(known)] != figures(known)
        try:
            there = {one.run_id for one in RunStore.open(store).runs() if one.state == "finished"}
        except Exception as error:
            unopened += 1
            print(f"  the store did not open: {error}")
            there = set()
        lost += max(0, len(runs) - len(there))  # of the runs in the file, each is in the store
        known = runs
        kill += not over
        spent = time.monotonic() - begun
        what = "over" if over else f"kill {kill}"
        print(f"{what}: after {spent:.1f} s, {before} → {len(runs)} runs, {len(there)} in the store", flush=True)
    print(f"{shrunk} kills lost a run that was done; {unopened} stores did not open; {lost} runs not in the store")
    for place_of in (store, folder / "other"):
        subprocess.run(command(file, place_of), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    killed, other = (Journal.read(one / "sweeps" / "killed.jsonl")[1] for one in (store, folder / "other"))
    same = figures(killed) == figures(other)
    print(f"resumed to its end: {len(killed)} runs; {'the same' if same else 'OTHER'} figures as one never killed")
    return kill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=float, default=20.0, help="seconds that a sweep is left at most")
    args = parser.parse_args()
    rng, left, seed = random.Random(args.seed), args.kills, args.seed
    while left > 0:  # a sweep that is at its end is followed by another one
        with tempfile.TemporaryDirectory() as name:
            print(f"sweep {seed}, {5 + seed} negative samples")
            left -= killed_sweep(Path(name), args.trials, 5 + seed, left, args.most, rng)
        seed += 1


if __name__ == "__main__":
    main()
