"""The models that come with the library, in the order in which pages show them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recemb_core.embeddings.block_training import pairs_of_sentences
from recemb_core.embeddings.deepwalk import DeepWalkConfig, deepwalk_defaults, train_deepwalk
from recemb_core.embeddings.eges import EGESConfig, eges_defaults, train_eges
from recemb_core.embeddings.item2vec import Item2VecConfig, item2vec_defaults, pairs_per_epoch, train_item2vec
from recemb_core.embeddings.node2vec import Node2VecConfig, node2vec_defaults, train_node2vec
from recemb_core.embeddings.ppmi_svd import PPMISVDConfig, ppmi_svd_defaults, train_ppmi_svd
from recemb_core.embeddings.preview import preview_vectors
from recemb_core.embeddings.registry import ModelSpec, Setting, register
from recemb_core.embeddings.word2vec import Word2VecConfig, train_word2vec, word2vec_defaults
from recemb_core.item_graph import ItemGraph, backbone, build_item_graph

if TYPE_CHECKING:
    from recemb_core.sequences import Sequences

BIASES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0)  # of p and q
DIMENSIONS = (2, 4, 8, 16, 32, 64, 128)

# The edges an item of the backbone that co-occurrence graphs are walked on.
EDGES_PER_ITEM = 8


def default_graph(sequences: Sequences) -> ItemGraph:
    """The graph that walks use: transitions where order is known, else the noise-corrected backbone of baskets."""
    graph = build_item_graph(sequences)
    return graph if graph.directed else backbone(graph, method="noise_corrected", edges_per_item=EDGES_PER_ITEM)


# --- settings that several models have ---

SIZE = Setting("dimensions", "Dimensions", DIMENSIONS, "Length of a vector.")
EPOCHS = Setting(
    "epochs",
    "Epochs",
    (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200, 500),
    "Passes over the data. By size: the fewer training pairs a pass gives for each item, the more passes; moving "
    "another setting leaves the number alone.",
)
WALK_EPOCHS = replace(EPOCHS, help="Passes over the walks. By size: 3 up to 500 items, 2 above.")
COUNTS = (1, 2, 3, 5, 8, 10, 15, 20)
WINDOW = Setting("window", "Window (steps)", COUNTS, "How far apart two items still count as context.")
NEGATIVE = Setting("negative", "Negative samples", COUNTS, "Noise items for each true pair.")
RATE = Setting(
    "learning_rate", "Learning rate", (0.005, 0.01, 0.025, 0.05, 0.1), "At the start; it falls to nearly zero."
)
ON_SEQUENCES = (
    Setting(
        "ns_exponent",
        "Noise exponent",
        (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0),
        "Noise items are drawn by count to this power: 0.75 is word2vec's, 0 draws all alike, below 0 prefers rare.",
    ),
    Setting(
        "subsample",
        "Subsampling of frequent items",
        (0.0, 1e-5, 1e-4, 1e-3, 1e-2),
        "An item with a larger share of all events is dropped now and then; 0 drops none, smaller values drop more.",
    ),
    NEGATIVE,
    RATE,
)
ON_WALKS = (
    SIZE,
    WINDOW,
    replace(
        EPOCHS, help="Passes over the walks. By size: 3 up to 500 items, 2 above; walks are themselves many passes."
    ),
    Setting("num_walks", "Walks from each item", (1, 2, 5, 10, 20, 40), "More walks, less noise."),
    Setting("walk_length", "Walk length (items)", (10, 20, 40, 80, 120), "Items in a walk."),
    NEGATIVE,
    RATE,
)
MODES = {"set": "set: all pairs", "shuffle": "set, shuffled each epoch", "sequence": "sequence (as word2vec)"}


# --- work of a run: pairs × (1 + negatives) × (d and overhead) ---


def _updates(pairs: float, config: Any) -> float:
    return float(pairs * config.epochs * (1 + config.negative) * (config.dimensions + 64))


def _on_walks(config: Any, sequences: Sequences | None, items: int) -> float:
    return _updates(items * config.num_walks * config.walk_length * (config.window + 1), config)


def _on_sequences(config: Any, sequences: Sequences | None, items: int) -> float:
    assert sequences is not None
    slower = 1 if config.repeats_on_threads else 4  # gensim, names of items included
    shrink = getattr(config, "shrink_windows", True)  # item2vec's sequence mode is word2vec as it comes
    return slower * _updates(float(pairs_of_sentences(sequences.lengths, config.window, shrink).sum()), config)


def _on_sets(config: Any, sequences: Sequences | None, items: int) -> float:
    if config.mode == "sequence":
        return _on_sequences(config, sequences, items)
    assert sequences is not None
    return _updates(pairs_per_epoch(sequences, config), config)


def _in_one_go(config: Any, sequences: Sequences | None, items: int) -> float:
    assert sequences is not None
    return float(len(sequences.tokens) * (config.window + 1) + 400 * config.dimensions * items)


# --- settings that others put out of use ---


def _idle_with_a_tree(config: Any) -> dict[str, str]:
    """Of what draws negatives: a Huffman tree draws none."""
    if not config.hierarchical_softmax:
        return {}
    return dict.fromkeys(("negative", "ns_exponent"), "hierarchical softmax draws no negatives")


def _idle_in_sets(config: Any) -> dict[str, str]:
    """Of what takes sequences for sets."""
    return {"window": "mode set takes all pairs of a sequence"} if config.mode == "set" else {}


# --- the table ---

_WALKED = ("walks", "walk_training")

register(
    ModelSpec(
        name="word2vec",
        config=Word2VecConfig,
        train=train_word2vec,
        needs=("sequences",),
        words="items near each other in a sequence",
        defaults=lambda sequences, graph, side, seed: word2vec_defaults(sequences, seed),
        settings=(
            SIZE,
            WINDOW,
            EPOCHS,
            Setting("skip_gram", "Skip-gram", None, "An item predicts each around it. Off: CBOW, their mean does."),
            Setting(
                "hierarchical_softmax",
                "Hierarchical softmax",
                None,
                "A tree instead of negative samples: then there are no output vectors, and in · out cannot be scored.",
            ),
            *ON_SEQUENCES,
        ),
        in_words=lambda config: f"{'skip-gram' if config.skip_gram else 'CBOW'}, window {config.window}",
        work=_on_sequences,
        speed=6e9,
        built_on=("sequence_training", "skip_gram"),
        idle=_idle_with_a_tree,
    )
)
register(
    ModelSpec(
        name="item2vec",
        config=Item2VecConfig,
        train=train_item2vec,
        needs=("sequences",),
        words="items of one basket or session, order aside",
        defaults=lambda sequences, graph, side, seed: item2vec_defaults(sequences, seed),
        settings=(
            SIZE,
            Setting(
                "mode",
                "A sequence is a",
                MODES,
                "All pairs of a set (m items weigh m²), near pairs of a shuffled set (they weigh m), or a sequence.",
            ),
            replace(WINDOW, help="How far apart two items still count; not used where a set gives all its pairs."),
            EPOCHS,
            *ON_SEQUENCES,
        ),
        in_words=lambda config: {"set": "all pairs of a set", "shuffle": "shuffled sets", "sequence": "as a sequence"}[
            config.mode
        ],
        work=_on_sets,
        speed=6e9,
        built_on=("sequence_training", "skip_gram"),
        idle=_idle_in_sets,
    )
)
_deepwalk = register(
    ModelSpec(
        name="DeepWalk",
        config=DeepWalkConfig,
        train=train_deepwalk,
        needs=("graph",),
        words="items that random walks pass one after the other",
        defaults=lambda sequences, graph, side, seed: deepwalk_defaults(len(graph), seed),
        settings=ON_WALKS,
        in_words=lambda config: f"window {config.window}, {config.num_walks} walks",
        work=_on_walks,
        speed=2.5e9,
        algorithm="deepwalk",
        preview=preview_vectors,
        idle=_idle_with_a_tree,
        built_on=("skip_gram", *_WALKED),
    )
)
register(
    replace(
        _deepwalk,
        name="node2vec",
        config=Node2VecConfig,
        train=train_node2vec,
        words="walks that p and q bend",
        # With p = q = 1 it would be DeepWalk over again.
        defaults=lambda sequences, graph, side, seed: replace(node2vec_defaults(len(graph), seed), q=20.0),
        settings=(
            Setting("p", "p (return)", BIASES, "Weight 1/p on going straight back."),
            Setting("q", "q (in–out)", BIASES, "Weight 1/q on leaving the neighborhood; p = q = 1 is DeepWalk."),
            *ON_WALKS,
        ),
        in_words=lambda config: f"p = {config.p:g}, q = {config.q:g}",
        algorithm="node2vec",
    )
)
for _name, _attention, _weights in (("GES", False, "all weighing the same"), ("EGES", True, "with learned weights")):
    register(
        replace(
            _deepwalk,
            name=_name,
            config=EGESConfig,
            train=train_eges,
            needs=("graph", "side_info"),
            words=f"random walks, and brand, category … of each item, {_weights}",
            defaults=lambda sequences, graph, side, seed: eges_defaults(len(graph), seed),
            fixed={"attention": _attention},
            in_words=lambda config: "walks + side information",
            speed=1e9,
            algorithm="eges",
            preview=None,
            built_on=("noise_table", *_WALKED),
        )
    )
register(
    ModelSpec(
        name="PPMI-SVD",
        config=PPMISVDConfig,
        train=train_ppmi_svd,
        needs=("sequences",),
        words="how much oftener than by chance two items stand together, in one decomposition without training",
        defaults=lambda sequences, graph, side, seed: ppmi_svd_defaults(sequences),
        settings=(
            SIZE,
            Setting(
                "mode",
                "A sequence is a",
                {"set": "set: all pairs", "sequence": "sequence: pairs within the window"},
                "Which items of it count as together.",
            ),
            replace(WINDOW, help="How far apart two items still count as together; not used in sets."),
            Setting("shift", "Shift k", (0.5, 1.0, 2.0, 5.0, 10.0, 20.0), "Larger keeps the strongest pairs only."),
            Setting(
                "smoothing",
                "Context exponent",
                (0.0, 0.25, 0.5, 0.75, 1.0),
                "Context counts to this power, as word2vec draws noise; smaller makes rare items less surprising.",
            ),
            Setting("power", "Power of Σ", (0.0, 0.25, 0.5, 0.75, 1.0), "1 weighs the first directions more."),
        ),
        in_words=lambda config: "all pairs of a set" if config.mode == "set" else f"window {config.window}",
        work=_in_one_go,
        speed=2e7,
        algorithm="ppmi_svd",
        idle=_idle_in_sets,
    )
)
