"""The seven steps, each in a few words about the followed item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pages.kit import model_results, session
from pages.kit.answer_words import counted
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.home.strip import recommended, small_walk, who_has
from recemb_core.embeddings import Node2VecConfig
from recemb_core.item_graph import ItemGraph

SHORT = 26  # letters of a name: a cell is narrow
STYLE = """<style>
.st-key-chain [data-testid=stHorizontalBlock] { gap: 0.5rem; flex-wrap: wrap; }
.st-key-chain [data-testid=stColumn] { min-width: 7rem; flex: 1 1 7rem; }
.st-key-chain [class*=st-key-link] { gap: 0.25rem !important; padding: 0.375rem 0.5rem !important; }
.st-key-chain p { font-size: 0.875rem; line-height: 1.3; overflow-wrap: anywhere; }
/* Long names fill no more than five lines, or the figures below would leave the window. */
.st-key-chain p { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 5; overflow: hidden; }
.st-key-chain [data-testid=stPageLink] a { padding: 0; min-height: 1.5rem; }
/* Four and three where seven do not fit into a row. */
@media (min-width: 40rem) and (max-width: 60rem) {
    .st-key-chain [data-testid=stColumn] { min-width: 22%; flex-basis: 22%; }
}
/* On a telephone the chain and its picture still stand in one window; the pages are in the menu. */
@media (max-width: 40rem) {
    .st-key-chain [data-testid=stPageLink] { display: none; }
}
</style>"""


@dataclass(frozen=True)
class Link:
    """One link of the chain: its title, what is said there, the page that shows it, and the words of the way there."""

    title: str
    said: str
    page: str
    link: str


def links(data: ActiveData, graph: ItemGraph, config: Node2VecConfig | None) -> list[Link]:
    """The chain of the chosen item; ``config`` is None where the vectors are not there yet."""
    item = session.chosen_item(data)
    row = graph.items.row(item)
    person = who_has(data, row)
    log, sequence = _behavior(data, person, row)
    near, weights = graph.neighbors(row)
    joined = f"{'Leads' if graph.directed else 'Joined'} to {counted(len(near), 'item')}"
    if len(near):
        joined += f", most strongly to {_name(data, int(near[int(np.argmax(weights))]), row)}"
    path = small_walk(graph, row, session.seed())
    walk = " → ".join(_name(data, int(i), row) for i in path[:3]) + (" → …" if len(path) > 3 else "")
    vector, nearest, offered = ["Not trained for this data yet: open the node2vec page once."] * 3
    if config is not None:
        vectors = model_results.model_vectors(data, config, graph=graph)
        vector = f"{vectors.vectors.shape[1]} numbers for {_name(data, row, row)}, learned from walks."
        best = vectors.most_similar(item, k=1) if len(graph) > 1 else []
        nearest = "There is no other item."
        if best:
            nearest = f"Nearest: {_name(data, graph.items.row(best[0][0]), row)}, cosine {best[0][1]:.2f}."
        offered = "Without behavior there is no person to recommend to."
        if person is not None:
            unseen = recommended(data, vectors, person)[:2]
            offered = f"Offered: {', '.join(_name(data, one, row) for one in unseen)}"
    steps = [
        ("Log", log, "sequences", "Data"),
        ("Sequences", sequence, "sequences", "Lengths"),
        ("Item graph", joined, "item_graph", "Graph"),
        ("Walks", walk, "walks", "A step"),
        ("Vectors", vector, "training", "Training"),
        ("Index", nearest, "lsh", "Index"),
        ("The list", offered, "deep_models", "Models"),
    ]
    return [Link(f"{at} · {title}", *rest) for at, (title, *rest) in enumerate(steps, start=1)]


def _behavior(data: ActiveData, person: int | None, row: int) -> tuple[str, str]:
    """(an event of the item, the sequence that it is part of)."""
    sequences = data.sequences
    if sequences is None or person is None:
        return "This data set is a graph: no log lies behind it.", "This data set is a graph: it has no sequences."
    tokens = sequences[person]
    event = int(sequences.offsets[person]) + int(np.flatnonzero(tokens == row)[0])
    when = ""
    if sequences.timestamps is not None:
        when = f", {datetime.fromtimestamp(float(sequences.timestamps[event]), UTC):%Y-%m-%d}"
    user = sequences.users[person] if sequences.users is not None else "?"
    log = f"User {plain(user)}{when}: {_name(data, row, row)}"
    others = [int(one) for one in dict.fromkeys(tokens.tolist()) if one != row]
    kind = "session" if sequences.ordered else "basket"
    with_others = f" with {_name(data, others[0], row)} …" if others else ""
    return log, f"A {kind} of {counted(len(tokens), 'item')}: {_name(data, row, row)}{with_others}"


def _name(data: ActiveData, token: int, row: int) -> str:
    title = data.titles[token]
    shown = plain(title if len(title) <= SHORT else f"{title[: SHORT - 1].rstrip()}…")
    return f"**:red[{shown}]**" if token == row else shown
