"""One window both ways: gradients against finite differences, and CBOW's step against gensim's own loop."""

from __future__ import annotations

import numpy as np
import pytest

from recemb_core.embeddings.training_steps import StepConfig, sigmoid
from recemb_core.embeddings.window_steps import WINDOW_METHODS, WindowMethod, WindowTrainer, window_gradients
from recemb_core.sequences import Sequences

RNG = np.random.default_rng(3)
LOG = Sequences.from_lists([["a", "b", "c", "d"], ["a", "b"], ["c", "d", "e"], ["e", "f"]] * 20)


def loss(
    method: str, center: int, contexts: np.ndarray, v: np.ndarray, out: np.ndarray, negatives: np.ndarray
) -> float:
    """The formula, term by term."""
    if method == "cbow":
        pairs = [(v[contexts].mean(axis=0), center, negatives.ravel())]
    else:
        pairs = [(v[center], int(o), negatives[i]) for i, o in enumerate(contexts)]
    total = 0.0
    for hidden, wanted, noise in pairs:
        total -= np.log(sigmoid(out[wanted] @ hidden))
        total -= sum(np.log(sigmoid(-out[j] @ hidden)) for j in noise if j != wanted)
    return float(total)


@pytest.mark.parametrize("contexts", [[0, 1, 4], [0, 0, 5], [2]], ids=["three", "one twice", "one"])
@pytest.mark.parametrize("method", WINDOW_METHODS)
def test_gradients_are_the_slopes_of_the_loss(method: WindowMethod, contexts: list[int]) -> None:
    v, out = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))
    around = np.array(contexts)
    negatives = np.array([[3, 0, 3]] * (1 if method == "cbow" else len(contexts)))
    found = window_gradients(method, 3, around, v, out, negatives)
    assert found.scored.loss == pytest.approx(loss(method, 3, around, v, out, negatives))
    wide_v, wide_out = np.zeros_like(v), np.zeros_like(out)
    wide_v[found.rows] = found.inputs
    np.add.at(wide_out, found.scored.targets.rows, found.scored.outputs)
    for table, wide in ((v, wide_v), (out, wide_out)):
        for at in np.ndindex(table.shape):
            kept, step = table[at], 1e-6
            table[at] = kept + step
            up = loss(method, 3, around, v, out, negatives)
            table[at] = kept - step
            down = loss(method, 3, around, v, out, negatives)
            table[at] = kept
            assert wide[at] == pytest.approx((up - down) / (2 * step), abs=1e-6)


def test_gensim_adds_the_undivided_gradient_to_each_context() -> None:
    """One step of gensim's loop on one sentence, its negative read off the row that it has pushed."""
    from gensim.models import Word2Vec
    from gensim.models.word2vec import train_batch_cbow

    n, d, rate = 6, 4, 0.1
    model = Word2Vec(
        vector_size=d, window=1, sg=0, negative=1, sample=0, min_count=0, sorted_vocab=0, shrink_windows=False, seed=1
    )
    model.build_vocab_from_freq({str(row): 10 for row in range(n)})
    rows = [model.wv.key_to_index[str(row)] for row in range(n)]
    v, out = (RNG.normal(size=(n, d)).astype(np.float32) * 0.3 for _ in range(2))
    model.wv.vectors[rows], model.syn1neg[rows] = v, out
    work, neu1 = model._get_thread_working_mem()
    # The windows of the outer two hold one item each; the middle one's is the second step of three.
    train_batch_cbow(model, [["0", "2", "1"]], rate, work, neu1, False)
    after_v, after_out = model.wv.vectors[rows], model.syn1neg[rows]

    def run(divided: bool, noise: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        a, b = v.astype(float), out.astype(float)
        for (middle, around), negative in zip([(0, [2]), (2, [0, 1]), (1, [2])], noise, strict=True):
            found = window_gradients("cbow", middle, np.array(around), a, b, np.array([negative]))
            np.subtract.at(b, found.scored.targets.rows, rate * found.scored.outputs)
            a[found.rows] -= rate * (found.inputs if divided else found.undivided)
        return a, b

    def best(divided: bool) -> float:
        every = (run(divided, noise) for noise in np.ndindex(n, n, n))
        return min(float(np.abs(a - after_v).max() + np.abs(b - after_out).max()) for a, b in every)

    # Its σ comes from a table with steps of 0.012, so that it is off by up to 0.003 in each of the three windows.
    assert best(divided=False) < 3e-3 * rate * 3 * 2
    assert best(divided=True) > 5 * best(divided=False)


@pytest.mark.parametrize("window", [None, 2])
@pytest.mark.parametrize("method", WINDOW_METHODS)
def test_training_repeats_and_learns_what_stands_together(method: WindowMethod, window: int | None) -> None:
    config = StepConfig(dimensions=8, learning_rate=0.1)
    one, two = (WindowTrainer(LOG, method, config, window=window).train(3_000) for _ in range(2))
    assert one.vectors.tobytes() == two.vectors.tobytes()
    scores = one.outputs @ one.vectors.T
    a, b, f = LOG.items.rows(["a", "b", "f"])
    assert scores[b, a] > scores[f, a] + 1


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ValueError, match="no sequence holds two items"):
        WindowTrainer(Sequences.from_lists([["a"]]), "cbow", StepConfig(), window=None)
    with pytest.raises(ValueError, match="window must be"):
        WindowTrainer(LOG, "cbow", StepConfig(), window=0)
    with pytest.raises(ValueError, match="objective must be"):
        WindowTrainer(LOG, "cbow", StepConfig(objective="softmax"), window=1)
    with pytest.raises(ValueError, match="contexts must be"):
        window_gradients("cbow", 0, np.array([], dtype=np.int64), np.ones((2, 2)), np.ones((2, 2)), np.array([1]))
    with pytest.raises(ValueError, match="method must be"):
        window_gradients("glove", 0, np.array([1]), np.ones((2, 2)), np.ones((2, 2)), np.array([1]))  # type: ignore[arg-type]
