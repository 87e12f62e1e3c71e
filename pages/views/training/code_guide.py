"""What the pieces of *As Python* stand for on the Training page."""

from __future__ import annotations

from pages.kit.code_lines import Guide, Stands

GUIDE: Guide = {
    "window=": Stands(controls=("width",)),
    "shrink_windows=": Stands(controls=("shrink",)),
    "shrink=": Stands(controls=("shrink",)),
    "negative=": Stands(controls=("negatives",)),
    "ns_exponent=": Stands(controls=("exponent",)),
    "exponent=": Stands(controls=("exponent",)),
    "learning_rate=": Stands(controls=("rate",)),
    "dimensions=": Stands(controls=("factors",)),
    "at_least=": Stands(controls=("seen",)),
    "seeds=": Stands(),
    "epochs=": Stands(),
    "windows=": Stands(controls=("windows",)),
    "sequences[": Stands(controls=("sequence",)),
    "basket =": Stands("the items along both sides", ("pairs",), ("sequence",)),
    "center =": Stands(controls=("center",)),
    "center, context =": Stands(controls=("partner",)),
    "training_pairs(": Stands("the pairs", ("strip", "pairs")),
    "noise_distribution(": Stands("the bars", ("noise",)),
    "popular_rows(": Stands("which bars are orange", ("noise",)),
    "one_hot": Stands("x, the column beside the table"),
    "train_word2vec(": Stands("the table W"),
    "most_similar(": Stands("the lists of nearest items"),
    "source =": Stands(controls=("source",)),
    "train_and_watch(": Stands("scores and losses, update by update", ("scores", "losses"), ("updates",)),
    "window_tables(": Stands("the tables before the step", ("skip_gram window", "cbow window")),
    "window_gradients(": Stands("the lines: how far each row moves", ("skip_gram window", "cbow window")),
    "train_to_rest(": Stands("the four losses", ("costs",), ("learned",)),
    "context_counts(": Stands("the share in the log"),
    "factorization(": Stands("both pictures", ("factorization",)),
    "fits(": Stands("the figures above them"),
}
