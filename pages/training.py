"""How training works: windows, noise, lookup, single updates, CBOW, two vectors, four losses, what is learned, sets."""

from __future__ import annotations

from pages.kit import frame, stage
from pages.kit.allowed import Options
from pages.kit.bring_box import not_here
from pages.kit.parameters import Parameter
from pages.views.training import cbow, costs, factorization, noise, own_vectors, sets, steps, vectors, window
from pages.views.training import experiments as tries
from pages.views.training import factorization_experiments as factor_tries
from pages.views.training import update_experiments as update_tries
from pages.views.training import window_experiments as window_tries
from pages.views.training.code_guide import GUIDE
from pages.views.training.lesson import TRAINING_PAGE, lesson

VIEWS = {
    "window": ("1 · Pairs", window.section, tries.window, window.words, window.as_python),
    "noise": ("2 · Noise", noise.section, tries.noise, noise.words, noise.as_python),
    "lookup": ("3 · Lookup", vectors.lookup_section, tries.lookup, vectors.lookup_words, vectors.lookup_python),
    "steps": ("4 · Updates", steps.section, update_tries.steps, steps.words, steps.as_python),
    "cbow": ("5 · CBOW", cbow.section, window_tries.cbow, cbow.words, cbow.as_python),
    "two": ("6 · Two vectors", vectors.two_section, tries.two, vectors.two_words, vectors.two_python),
    "costs": ("7 · Losses", costs.section, update_tries.costs, costs.words, costs.as_python),
    "learned": ("8 · PMI", factorization.section, factor_tries.learned, factorization.words, factorization.as_python),
    "set": ("9 · item2vec", sets.section, window_tries.sets, sets.words, sets.as_python),
}
TITLES = {name: view[0] for name, view in VIEWS.items()}
LOOK = Parameter(TRAINING_PAGE, "look", "View", Options(TITLES, row=True), "window", view=True)

with frame.page(
    "How does training turn clicks into vectors?",
    "Nine looks inside word2vec and item2vec, each on real items: from a window on a sequence to single updates.",
    opens_on="planted_shop",
    needs="sequences",
) as data:
    now = lesson(data)
    look = LOOK.draw(data, label_visibility="collapsed")
    _, section, experiments, words, as_python = VIEWS[look]

    def ask() -> None:
        if not own_vectors.in_use(now, look):  # what there is to try is about those that the page trains
            stage.try_this(data, experiments(now), of=look)

    section(now, ask)
    if look not in own_vectors.VIEWS:
        not_here(data, own_vectors.NOT_HERE)
    frame.what_you_see(words(now))
    frame.as_python(as_python(now), data=data, guide=GUIDE)
