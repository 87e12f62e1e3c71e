"""The networks as drawn, in words: what is lacking, what each input is worth, the experiments, the lines of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pages.kit import frame, recall_models
from pages.kit.answer_words import signed
from pages.kit.session import ActiveData
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.text import field_words, plain, plain_field
from pages.views.deep_models import history as history_view
from pages.views.deep_models.log_columns import in_use, on_offer
from pages.views.deep_models.user_details import NETWORKS, Details, details_lines
from recemb_core.deep.registry import recall_spec
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig
from recemb_core.evaluation.differences import Difference
from recemb_core.experiments.user_features import KINDS, FeatureReport, FeatureStudyConfig
from recemb_core.readers.user_details import EVERYTHING, EXAMPLE_AGE, NOTHING, SIDE_INFORMATION

EXPLANATION = (
    "**YouTube DNN** (Covington 2016): the mean of the vectors of what was watched stands beside the mean of those of "
    "the words searched for, a vector for the place, one for the age group, one for whatever else is known. Three "
    "ReLU layers make the user vector u of it: u = ReLU(W₃ ReLU(W₂ ReLU(W₁ x))). A softmax over all items teaches it, "
    "p(i | u) = exp(u·vᵢ) / Σⱼ exp(u·vⱼ); served is the search for the largest u·v, without the softmax.\n\n"
    "**Age of the example**: while training the network is told how long ago an example happened, as x, x² and √x in "
    "shares of the log's time. What was popular then can be laid to that, and everybody is served at age 0.\n\n"
    "**Two-tower** (Yi 2019): a second tower makes item vectors of the item and its side information.\n\n"
    "**What each input is worth**: the same network is trained with everything, without each input, and with the "
    "history alone, and ranks the whole catalogue for the same users. **More dimensions, wider layers**: more "
    "parameters, almost all of them in the tables of vectors."
)


def lacking(data: ActiveData, model: YouTubeDNNConfig | TwoTowerConfig, details: Details, told: list[str]) -> str:
    """Of whom something is known, and which inputs of the drawing this data does not have."""
    said = []
    if details.frame is None:
        said.append(
            "Nothing is known of the users here: search words, place and age group are drawn empty. Bring a table "
            "under User details"
            + (f", or choose columns of this log there ({on_offer(details.own)})." if details.own.free else ".")
        )
    else:
        own = [in_use(details.own)] if details.own.frame is not None else []
        file = [plain(details.file)] if details.file else [] if data.uploaded else ["bundled"]
        whose = "; ".join((*own, *file))
        asked = set(recall_models.asked(data).users.tolist())
        known = asked & set(details.frame["user"].to_list())
        said.append(f"User details ({whose}): of {len(known):,} of the {len(asked):,} users asked about.")
        if own:
            said.append(
                "A user has one value for all their examples: while training, an example is told what its user did "
                "later, its own target's row included; whoever is asked about is told of the past alone. So such a "
                "column may be worth more than is measured here."
            )
        if not (details.words or details.own.words):
            said.append("No search words: no column of words was named.")
    if "example_age" in recall_spec(model).told and recall_models.cases(data).train.timestamps is None:
        said.append("This log has no times, so no example has an age.")
    if len(told) == 0:
        said.append("The network is told the history alone.")
    return " ".join(said)


def without(name: str) -> str:
    """A row of the chart and of the table."""
    return name if name == NOTHING else f"without {field_words(name)}"


def verdict(report: FeatureReport, which: int) -> str:
    """Which inputs make a difference beyond noise, in a sentence."""
    effects, k = report.effects(which), report.config.k
    whole = report.figures(which)[EVERYTHING]
    told = {name: one for name, one in effects.items() if one.told_apart and name != NOTHING}
    alone = effects[NOTHING]
    said = f"On {KINDS[which]}, with everything HR@{k} is **{whole.value:.3f}** ({whole.low:.3f} to {whole.high:.3f}). "
    if not alone.measured:
        return f"{said}With fewer than three seeds the noise of training is not known, so no input is judged."
    if told:
        parts = [
            f"{plain_field(name)} ({_change(one)}: {'more' if one.value > 0 else 'fewer'} hits with it)"
            for name, one in told.items()
        ]
        said += f"**A difference beyond noise: {'; '.join(parts)}**. "
    elif len(effects) > 1:
        said += "**No single input makes a difference beyond noise.** "
    if alone.told_apart:
        return f"{said}Against the history alone all of them together are {_change(alone)}, beyond noise."
    least = alone.detectable(pairs=len(effects))
    more = f"; a difference of {least:.3f} would be found nine times in ten" if least == least else ""
    return f"{said}All of them together, against the history alone: {_change(alone)}, **not told apart**{more}."


def _change(one: Difference) -> str:
    return f"{signed(one.value, '.3f')}, 95%: {signed(one.low, '.3f')} to {signed(one.high, '.3f')}"


def table(report: FeatureReport, which: int) -> list[dict[str, Any]]:
    """A row a setting."""
    figures, effects = report.figures(which), report.effects(which)
    rows = []
    for name, value in figures.items():
        effect = effects.get(name.removeprefix("without "))
        rows.append(
            {
                "Told": "everything" if name == EVERYTHING else without(name.removeprefix("without ")),
                f"HR@{report.config.k}": f"{value.value:.3f}  [{value.low:.3f}, {value.high:.3f}]",
                "Everything less this": ""
                if effect is None
                else f"{signed(effect.value, '.3f')}  [{signed(effect.low, '.3f')}, {signed(effect.high, '.3f')}]",
                "Judged": ""
                if effect is None
                else "told apart"
                if effect.told_apart
                else "not told apart"
                if effect.measured
                else "noise not measured",
            }
        )
    return rows


def about(report: FeatureReport, which: int) -> str:
    """What was measured, of whom."""
    users = report.hits[which].shape[-1]
    return (
        f"{users:,} users, {report.config.seeds} seeds a setting, {len(report.config.variants)} settings, "
        f"{report.seconds:,.0f} s of training. Differences are paired over users, with the noise of the seeds in their "
        "95% intervals; what is told apart is so after Holm's correction over all rows. Hits are counted in the first "
        f"{report.config.k} of the whole catalogue."
    )


def experiments(
    data: ActiveData, usual: Callable[[str], list[str]], report: Callable[[], FeatureReport | None]
) -> list[Experiment]:
    """What to try; answers are of the report on the screen. ``usual``: what a network is told by default."""

    def answer(name: str) -> Callable[[], Answer]:
        def said() -> Answer:
            found = report()
            if found is None:
                return "Press Measure: these settings are not measured yet."
            one = found.effects(1).get(name)
            if one is None:
                return f"{plain_field(name)} is all that is told here: look at the row {plain_field(NOTHING)}."
            told = "more than noise" if one.told_apart else "no difference beyond noise"
            subject = "Everything against the history alone" if name == NOTHING else plain_field(name).capitalize()
            right = 2 if not one.told_apart else 0 if one.value > 0 else 1
            return Verdict(f"{subject}: HR@{found.config.k} {_change(one)} on {KINDS[1]}: **{told}**.", right)

        return said

    def setting(network: str) -> dict[str, Any]:
        return {"drawn_look": "worth", "drawn_network": network, "drawn_told": usual(network), "drawn_targets": 1}

    ways = ("It finds more, beyond noise", "It finds less, beyond noise", "No difference beyond noise")
    tries: list[Experiment] = []
    youtube, towers = map(usual, NETWORKS)
    if youtube:
        tries.append(
            Experiment(
                "YouTube DNN, told all that is known. **How much more does it find than by the history alone?**",
                ways,
                answer(NOTHING),
                setting(NETWORKS[0]),
            )
        )
    if EXAMPLE_AGE in youtube and len(youtube) > 1:
        tries.append(
            Experiment(
                "The network is told how old each example is. **What is that worth?**",
                ways,
                answer(EXAMPLE_AGE),
                setting(NETWORKS[0]),
            )
        )
    if SIDE_INFORMATION in towers:
        name = SIDE_INFORMATION if len(towers) > 1 else NOTHING
        tries.append(
            Experiment(
                "Two-tower: its item tower sees brand, category and the like. **What is that worth where every item "
                "asked for has a history?**",
                ways,
                answer(name),
                setting(NETWORKS[1]),
            )
        )
    return tries


def as_python(data: ActiveData, config: FeatureStudyConfig | None, details: Details) -> list[str]:
    """The study in a few lines."""
    if config is None:
        return ["# Nothing is told beside the history, so there is nothing to be switched off."]
    _, options, imports = history_view.model_lines(config.model)
    settings = [f"model={options}", f"fields={config.fields!r}"]
    settings += ["example_age=True"] if config.example_age else []
    settings += ["side_information=True"] if config.side_information else []
    reading, users = details_lines(data, details)
    return [
        *frame.import_lines(data, always=True),
        *imports,
        "from recemb_core.evaluation.ranking import next_item_cases",
        "from recemb_core.experiments.user_features import FeatureStudyConfig, measure_features",
        *reading,
        "from recemb_core.splits import leave_last_out",
        "",
        *frame.load_lines(data, always=True),
        *users,
        "known, _ = leave_last_out(sequences)  # the last basket or click of each user is kept for a test",
        f"config = FeatureStudyConfig({', '.join(settings)})",
        "report = measure_features(next_item_cases(known), config, details)",
        "for name, one in report.effects(1).items():  # of all targets; 0 is first-time ones",
        "    print(name, round(one.value, 3), round(one.low, 3), round(one.high, 3), one.verdict)",
    ]
