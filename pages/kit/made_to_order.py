"""Data sets that are made to order: their settings as parameters of the visit, and the config that these make."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from pages.kit.allowed import Number, Span
from pages.kit.parameters import VISIT, HasKey, Parameter, set_parameters
from recemb_core.config_fields import said_of
from recemb_core.datasets import DatasetInfo
from recemb_core.datasets.designed_shop import DesignedShopConfig
from recemb_core.plans import MADE


@dataclass(frozen=True)
class Named:
    """A data set as far as parameters care, before it is loaded."""

    key: str


def _parameter(name: str, label: str) -> Parameter[Any]:
    one = DesignedShopConfig.__dataclass_fields__[name]
    allowed: Span[Any] = Span(*one.metadata["slider"]) if one.metadata["slider"] else Number(0, 2**31 - 1)
    words = said_of(DesignedShopConfig, name)
    return Parameter(VISIT, f"{MADE}{name}", label, allowed, one.default, help=words, of_data=True)


# Field → its control; those of the first line of the box come first.
SHOP = {
    name: _parameter(name, label)
    for name, label in {
        "noise": "Noise",
        "drift": "Drift, a week",
        "noise_fields": "Empty fields",
        "categories": "Categories",
        "products": "Products of a category",
        "variants": "Brand variants of a product",
        "accessories": "Accessories of a product",
        "bridges": "Bridges",
        "cold_items": "Cold items",
        "complement": "Accessory after a variant",
        "club": "Club of best-sellers",
        "loyalty": "True to a brand",
        "taste": "Start in the favorite",
        "users": "Users",
        "sessions_per_user": "Sessions of a user",
        "session_length": "Clicks in a session",
        "weeks": "Weeks",
        "seed": "Seed of the shop",
    }.items()
}
CONTROLS: dict[type[Any], dict[str, Parameter[Any]]] = {DesignedShopConfig: SHOP}


def made_to_order(info: DatasetInfo) -> Any:
    """The config of a data set as its controls are set, whichever page drew them; None of one that is as it is."""
    if info.settings is None:
        return None
    named = Named(info.name)
    chosen = {name: one.value(named) for name, one in CONTROLS.get(info.settings, {}).items()}
    return info.settings(**chosen)


def make_as_usual(data: HasKey, config: type[Any]) -> None:
    """All settings of a data set back to their defaults, from a button's callback."""
    set_parameters(data, **{one.name: one.default for one in CONTROLS[config].values()})


def in_words(config: Any) -> str:
    """What differs from the defaults, as arguments of ``load_dataset``; "" where nothing does.

    >>> in_words(DesignedShopConfig(noise=0.2, drift=0.05))
    ', drift=0.05, noise=0.2'
    """
    if config is None:
        return ""
    told = [(one.name, getattr(config, one.name), one.default) for one in dataclasses.fields(config)]
    return "".join(f", {name}={value!r}" for name, value, default in told if value != default)
