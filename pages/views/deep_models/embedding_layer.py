"""The embedding layer: one-hot times W as a lookup, what it saves, where it sits, what it is worth."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.kit import controls, frame, results, session, stage
from pages.kit.allowed import Options, Steps
from pages.kit.jobs import Job, part
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain, plain_field, quoted
from pages.views.deep_models import embedding_worth, network_experiments
from pages.views.deep_models.boxes import boxes
from pages.views.deep_models.table import ABOVE, HIGH, STEPS_PER_SECOND, deep_table, network_result, numbers_row, staged
from recemb_core import precomputed
from recemb_core.arrays import Float32Array
from recemb_core.deep.features import FeatureTable
from recemb_core.deep.fitting import Network, fit
from recemb_core.deep.networks import FNN, WideAndDeep
from recemb_core.deep.training import TrainingResult
from recemb_core.experiments.networks import LayerConfig, LayerReport, compare_networks, layer_defaults, networks
from recemb_core.figures.lookup import lookup_figure
from recemb_core.figures.network_diagram import network_diagram_figure
from recemb_core.progress import Progress

LOOKS = {"lookup": "Lookup", "network": "In the network", "worth": "Worth"}
LOOK = Parameter(DEEP_PAGE, "embedding_look", "Picture", Options(LOOKS, row=True), "lookup", view=True)
TITLE = 34  # pixels of a line above the chart
DIAGRAM = 78  # characters that a box of full width holds
NETWORK = Parameter(
    DEEP_PAGE,
    "embedding_network",
    "Network",
    Options(("FNN", "Wide & Deep", "Deep Crossing")),
    "FNN",
    help="Whose W is shown and drawn; all are trained together.",
)
DIMENSIONS = Parameter(
    DEEP_PAGE,
    "embedding_dimensions",
    "Numbers in a vector (d)",
    Steps((4, 8, 16, 32, 64)),
    16,
    help="Columns of W; the AUC says whether more of them help.",
)
POWER = Parameter(
    DEEP_PAGE,
    "embedding_power",
    "Items not taken are drawn",
    Options({0.0: "all alike (0)", 0.75: "popular more often (0.75)", 1.0: "as often as bought (1)"}),
    0.75,
    help="Negatives are drawn ∝ popularity to this power: the larger, the less popularity alone can tell.",
)


def embedding_section(data: ActiveData) -> None:
    """The whole view."""
    config, chosen = layer_defaults(DIMENSIONS.value(data), POWER.value(data), session.seed()), NETWORK.value(data)
    table = deep_table(data, config.features)
    network = next(n for n in networks(table, config.dimensions) if n.name == chosen)
    look = LOOK.value(data)
    main, side, numbers = staged("lookup-and-controls")
    with side:
        for one in (NETWORK, DIMENSIONS, POWER):
            one.draw(data)
        tries = network_experiments.embedding(
            table, lambda d: _columns(table, chosen, d), lambda: report if current else None, lambda: _known(data)
        )
        stage.try_this(data, tries)
        controls.reset_button(data)
    with main:
        report, current = _report(data, table, config)
    model = report.model(chosen) if report is not None and current else None
    weights = model.embedding if model is not None and model.embedding is not None else network.init(table)["embedding"]
    state = "trained" if model is not None else "before training"
    with numbers:
        _numbers(data, table, np.asarray(weights), report if current else None, chosen)
    with main:
        if look == "lookup":
            _lookup(data, table, np.asarray(weights), chosen, state)
        elif look == "network":
            with stage.picture():
                figure = network_diagram_figure(boxes(network, table), title=chosen, width=DIAGRAM)
                live_chart(figure, key=f"diagram@{data.key}", height=HIGH, above=ABOVE, glide=False)
            st.caption(_about(network, table))
        else:
            embedding_worth.scores(data, table, report)
    if report is not None and look == "worth":
        embedding_worth.scores_table(report)
    frame.what_you_see(_words(table))
    frame.as_python(_as_python(data, config, network))


def _columns(table: FeatureTable, name: str, dimensions: int) -> int:
    """Columns of a network's W."""
    network = next(n for n in networks(table, dimensions) if n.name == name)
    return int(np.asarray(network.init(table)["embedding"]).shape[1])


def _known(data: ActiveData) -> LayerReport | None:
    """The report of the usual settings, if it is there and its rows have been drawn."""
    config = layer_defaults(seed=session.seed())
    table = results.results(data).get(("deep table", data.fingerprint, config.features))
    if table is None:
        return None
    key = ("deep layers", table.fingerprint, config)
    return results.ready(data, key, lambda: precomputed.load_networks(table.fingerprint, config))


def _report(data: ActiveData, table: FeatureTable, config: LayerConfig) -> tuple[LayerReport | None, bool]:
    key = ("deep layers", table.fingerprint, config)
    all_networks, store = networks(table, config.dimensions), results.results(data)
    # Each is kept by itself, so that a run that was stopped goes on where it was.
    keys = {network.name: ("deep trained", table.fingerprint, config, network.name) for network in all_networks}
    left = sum(store.get(kept) is None for kept in keys.values())
    each = len(table.rows("train")) / config.training.batch_size * 5 / STEPS_PER_SECOND + 3

    def run(report: Progress) -> LayerReport:
        trained: dict[str, TrainingResult] = {}
        for done, network in enumerate(all_networks):
            tell = part(report, done, len(all_networks), f"{network.name}, {{stage}}")
            trained[network.name] = results.compute(
                data,
                keys[network.name],
                fit,
                network,
                table,
                config.training,
                seconds=each,
                progress=tell,
                reports=True,
            )
        found: LayerReport = results.compute(data, key, compare_networks, table, config, trained=trained)
        return found

    job = Job(key, f"{left} of {len(all_networks)} networks", left * each, run, asks=True)
    return network_result(
        data,
        "embedding",
        job,
        load=lambda: precomputed.load_networks(table.fingerprint, config),
        waiting="The five models are not trained with these settings yet; W is shown as it starts, at random.",
    )


def _item_row(data: ActiveData, table: FeatureTable) -> tuple[list[str], list[str | None], list[int], list[int]]:
    """Fields, values, one-hot lengths and places (within the field) of the chosen item."""
    row = data.items.row(session.chosen_item(data))
    names, values, sizes, places = [], [], [], []
    for column, position in zip(table.item_columns, table.item_x[row], strict=True):
        field = table.fields[column]
        place = int(position) - field.start
        names.append(field_words(field.name))
        values.append(field.values[place] if position >= 0 else None)
        sizes.append(field.size)
        places.append(max(place, 0))
    return names, values, sizes, places


def _lookup(data: ActiveData, table: FeatureTable, weights: Float32Array, network: str, state: str) -> None:
    item = session.chosen_item(data)
    row = data.items.row(item)
    names, values, sizes, places = _item_row(data, table)
    positions = table.item_x[row]
    rows = np.where((positions >= 0)[:, None], weights[np.maximum(positions, 0)], 0)
    title = f"{data.title_of(item)}: from one-hots to rows of W ({network}, {state})"
    figure = lookup_figure(names, values, sizes, places, rows, title=title)
    with stage.picture():
        st.markdown(f"**{plain(title)}**")
        live_chart(figure, key=f"lookup@{data.key}", height=HIGH - TITLE, above=ABOVE + TITLE)
    known = positions[positions >= 0]
    if len(known):
        one_hot = np.zeros(len(weights), dtype=np.float32)
        one_hot[known[0]] = 1
        difference = float(np.abs(one_hot @ weights - weights[known[0]]).max())
        st.caption(
            f"Computed both ways just now: the first one-hot times the whole W ({len(weights):,} × {weights.shape[1]} "
            f"multiplications) and row {known[0] + 1:,} of W (none); the largest difference is {difference:g}. "
            "Choose another item in the sidebar."
        )


def _numbers(
    data: ActiveData, table: FeatureTable, weights: Float32Array, report: LayerReport | None, network: str
) -> None:
    names, _, sizes, _ = _item_row(data, table)
    d = weights.shape[1]
    share = ""
    if report is not None:
        learned = report.model(network).parameters
        share = f" That is {learned['embedding'] / sum(learned.values()):.0%} of what {network} learns."
    figures = [
        (
            "One-hot places (m)",
            f"{table.n_features:,}",
            "Values of all fields together, user and time included: "
            + ", ".join(plain_field(f.name) for f in table.fields)
            + ".",
        ),
        ("Numbers in W", f"{weights.size:,}", f"{table.n_features:,} rows of {d} numbers; all are learned.{share}"),
        (
            "Multiplications saved",
            f"{sum(sizes) * d:,}",
            f"The item's {len(names)} one-hots times W, place by place, would take so many; the lookup takes none and "
            f"reads {len(names) * d} numbers.",
        ),
    ]
    if report is not None:
        scores = report.model(network).scores
        ends = embedding_worth.interval(scores.auc_interval)
        sample = f"95% interval {ends}, {report.rows:,} test rows of {report.users:,} users."
        figures.append((f"AUC of {network}", f"{scores.auc:.3f}", sample))
    numbers_row(figures)


def _about(network: Network, table: FeatureTable) -> str:
    if isinstance(network, FNN):
        return (
            "FNN (Zhang, Du, Wang 2016): the layer is a factorization machine's linear weight and vector of each "
            "value; the Pre-training view copies them in."
        )
    if isinstance(network, WideAndDeep):
        fields = [[plain_field(table.fields[i].name) for i in pair] for pair in network.crosses]
        return (
            "Wide & Deep (Cheng et al. 2016): embeddings generalize on the deep side; the wide side memorizes single "
            f"values and crosses ({', '.join(f'{a} × {b}' for a, b in fields)}) without an embedding."
        )
    return (
        "Deep Crossing (Shan et al. 2016): all embeddings are stacked; residual units learn the crosses that "
        "Wide & Deep is told."
    )


def _words(table: FeatureTable) -> str:
    names = ", ".join(plain_field(field.name) for field in table.fields)
    return (
        f"The question is whether a user takes an item; the fields are {names}. A value of a field is a **one-hot**: "
        "one place is 1, all others 0. The **embedding layer** multiplies it by a matrix W, and since all places but "
        "one are 0, **one-hot (1 × m) · W (m × d) = row of W** at the place of the 1: a lookup, exact to the last bit. "
        "The rows start at random and are learned with the rest of the network, so that values that act alike get rows "
        "alike; a value that is missing, or that the training part never had, is a one-hot without a 1 and gives "
        "zeros.\n\n"
        "**Larger d**: W grows in proportion; whether the AUC follows, train and compare. Positives are "
        f"events of the log; each has {table.config.negatives} sampled items that the user did not take then, so "
        "probabilities are about this sample, not about all items. Training, validation and test follow each other in "
        "time."
    )


def _as_python(data: ActiveData, config: LayerConfig, network: Network) -> list[str]:
    seed = config.features.seed
    crossed = network.name == "Wide & Deep"
    own = "wide_and_deep" if crossed else type(network).__name__
    make = f"{own}({'table, ' * crossed}dimensions={config.dimensions})"
    names = ["FeatureConfig", "TrainingConfig", "compare_on_test", "feature_table", "fit", own]
    ordered = sorted(names, key=lambda name: (not name[0].isupper(), name))
    training = f"epochs={config.training.epochs}, learning_rate={config.training.learning_rate}, patience=2"
    return [
        *frame.import_lines(data, always=True),
        f"from recemb_core.deep import {', '.join(ordered)}",
        "",
        *frame.load_lines(data, always=True),
        f"rows = FeatureConfig(popularity_power={config.features.popularity_power:g}, seed={seed})",
        "table = feature_table(sequences, rows)",
        f"network = {make}",
        f"result = fit(network, table, TrainingConfig({training}, seed={seed}))",
        'W = result.params["embedding"]',
        f"places = table.item_x[sequences.items.row({quoted(session.chosen_item(data))})]  # −1: not known",
        "print(places, W[places])",
        "print(compare_on_test(table, {network.name: (network, result.params)}, seed=rows.seed).scores)",
    ]
