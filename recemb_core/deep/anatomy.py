"""The recall networks taken apart: how many numbers each part of them learns, from the sizes of the data alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from recemb_core.deep.registry import recall_spec
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.deep.user_fields import UserFields
from recemb_core.deep.youtube_dnn import AGES, YouTubeDNNConfig


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a network is built for.

    Attributes:
        items: n, of the vocabulary.
        fields: the facts about users that it takes.
        side_values: m, values in the side information of the items, over all fields; 0 for none.
        example_age: whether it is told the age of an example.
    """

    items: int
    fields: UserFields = field(default_factory=UserFields)
    side_values: int = 0
    example_age: bool = False


def input_width(config: YouTubeDNNConfig | TwoTowerConfig, sizes: Sizes) -> int:
    """Numbers that the user's layers are fed with: d of the history, e for each field, 3 of the age."""
    return config.dimensions + config.field_dimensions * len(sizes.fields.names) + AGES * sizes.example_age


def youtube_parameters(config: YouTubeDNNConfig, sizes: Sizes) -> Mapping[str, int]:
    """Part of a YouTube DNN → numbers it learns; a dense layer of a to b has a·b weights and b biases.

    >>> youtube_parameters(YouTubeDNNConfig(dimensions=4, hidden=(3, 2)), Sizes(items=10))
    {'history embeddings': 40, 'layer 1': 15, 'layer 2': 8, 'layer 3': 12, 'item vectors': 40}
    """
    n, d = sizes.items, config.dimensions
    widths = [input_width(config, sizes), *config.hidden, d]
    layers = {f"layer {at}": a * b + b for at, (a, b) in enumerate(pairwise(widths), start=1)}
    return {
        "history embeddings": n * d,
        **_of_fields(config.field_dimensions, sizes.fields),
        **layers,
        "item vectors": n * d,
    }


def two_tower_parameters(config: TwoTowerConfig, sizes: Sizes) -> Mapping[str, int]:
    """Part of a two-tower network → numbers it learns; the item embeddings serve both towers.

    >>> two_tower_parameters(TwoTowerConfig(dimensions=4, hidden=3), Sizes(items=10, side_values=5))
    {'item embeddings': 40, 'side information': 20, 'user tower': 31, 'item tower': 31}
    """
    n, d, h = sizes.items, config.dimensions, config.hidden
    width = input_width(config, sizes)
    sided = sizes.side_values if config.side_information else 0
    return {
        "item embeddings": n * d,
        **({"side information": sided * d} if sided else {}),
        **_of_fields(config.field_dimensions, sizes.fields),
        "user tower": width * h + h + h * d + d,
        "item tower": d * h + h + h * d + d,
    }


def _of_fields(width: int, fields: UserFields) -> dict[str, int]:
    """Embeddings of the user fields."""
    return {"user fields": width * sum(map(len, fields.values))} if fields.names else {}


_PARAMETERS: dict[str, Callable[..., Mapping[str, int]]] = {
    "youtube_dnn": youtube_parameters,
    "two_tower": two_tower_parameters,
}


def network_parameters(config: YouTubeDNNConfig | TwoTowerConfig, sizes: Sizes) -> Mapping[str, int]:
    """Part of either network → numbers it learns.

    >>> sum(network_parameters(TwoTowerConfig(dimensions=4, hidden=3), Sizes(items=10)).values())
    102
    """
    return _PARAMETERS[recall_spec(config).kind](config, sizes)
