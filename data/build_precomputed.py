"""Compute what the first pages show of the bundled data: vectors, maps, graph drawings, scores over seeds, models.

    make precomputed
    python data/build_precomputed.py missing     # only what is not there for today's data, defaults and versions
    python data/build_precomputed.py openings    # only vectors, maps and drawings of the node2vec page
    python data/build_precomputed.py sweeps      # only scores over seeds and sweeps of the node2vec page
    python data/build_precomputed.py models      # only the models of the Neighbors page
    python data/build_precomputed.py recall      # only the recall models of the Deep models page
    python data/build_precomputed.py evaluation  # only the rows of the Evaluation page
    python data/build_precomputed.py networks    # only the embedding layer and pre-training of the Deep models page
    python data/build_precomputed.py staleness   # only tables of several ages of the Deep models page
    python data/build_precomputed.py lessons     # only what the Training page holds against what was trained on
    python data/build_precomputed.py swept       # only the sweep that the Sweeps view opens with
    python data/build_precomputed.py arithmetic  # only the analogies of the Neighbors page
    python data/build_precomputed.py scans       # only what LSH scans on the Summary page
    python data/build_precomputed.py figures     # only the paper's Figure 3 of the node2vec page

Run it with ``missing`` after a change of defaults or bundled data and after raising a version in
``recemb_core/versions.py``; a test fails until then. What is no longer asked for goes, whatever the part.
"""

from __future__ import annotations

import shutil
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from precomputed_plan import EVERY, PARTS, Made, Planned, planned, whole_plan

from recemb_core import precomputed, result_files
from recemb_core.result_agreement import disagreements
from recemb_core.result_files import Arrays, Key

ROOT = Path(__file__).resolve().parent.parent


def made_before(plan: Mapping[Key, Planned], fresh: dict[Key, Arrays]) -> Made:
    """Results of this run, else those in the files, else made now."""

    def made(key: Key) -> Arrays:
        if key not in fresh:
            found = precomputed.load(key)
            fresh[key] = plan[key].make(made) if found is None else found
        return fresh[key]

    return made


def of_data_set(name: str) -> set[Key]:
    """What the manifest of a data set names."""
    every = result_files.places(precomputed.FOLDER).items()
    return {key for key, place in every if place.file.parent.name == name}


def compute(name: str, part: str, wanted: Mapping[Key, Planned], made: Made, fresh: dict[Key, Arrays]) -> None:
    """Compute results into ``fresh``, with a line each."""
    for key, one in wanted.items():
        begun = time.perf_counter()
        fresh[key] = one.make(made)
        size = sum(array.nbytes for array in fresh[key].values()) / 1e3
        seconds = time.perf_counter() - begun
        print(f"{name}: {part}, {key.identity['kind']} {key.prefix}, {size:,.0f} kB, {seconds:.1f} s", flush=True)
        before = precomputed.load(key)
        for line in disagreements(before, fresh[key]) if before is not None else ():
            print(f"  not what the same versions gave before, so raise one in recemb_core/versions.py: {line}")


def build(what: str) -> None:
    """Compute and write everything, what is missing, or a part; what no plan has goes."""
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    wrote, missing = 0, 0
    gone = clear_up()
    for name in EVERY:
        plan, fresh = whole_plan(name), dict[Key, Arrays]()
        made = made_before(plan, fresh)
        for part in PARTS if what in ("", "missing") else [what]:
            wanted = {key: one for key, one in planned(part, name).items() if key not in fresh}
            if what == "missing":
                wanted = {key: one for key, one in wanted.items() if precomputed.load(key) is None}
            compute(name, part, wanted, made, fresh)
            unplanned = frozenset(of_data_set(name) - plan.keys())
            if wanted or unplanned:  # after each part, so that a run that is stopped has kept what it had
                precomputed.save(name, {key: fresh[key] for key in wanted}, drop=unplanned, made_with=package)
            wrote, gone = wrote + len(wanted), gone + len(unplanned)
        missing += len(plan.keys() - of_data_set(name))
    files = list(precomputed.FOLDER.glob("*/*.npz"))
    print(
        f"{precomputed.FOLDER.relative_to(ROOT)}: {wrote} results written, {gone} that nothing asks for removed; "
        f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB"
        + (f"; {missing} results are missing: run python data/build_precomputed.py missing" if missing else "")
    )


def clear_up() -> int:
    """Remove what this script does not write: files of an older form, folders of data sets that are gone; how many."""
    precomputed.FOLDER.mkdir(exist_ok=True)
    old = [path for path in precomputed.FOLDER.iterdir() if path.name not in EVERY]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(old)


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked not in ("", "missing", *PARTS) or len(sys.argv) > 2:
        raise SystemExit(f"give nothing (everything), missing, or one of {', '.join(PARTS)}, not {sys.argv[1:]}")
    build(asked)
