"""Layouts of well-known data sets, recognised by their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from recemb_core.readers.column_names import is_unlabelled, plain_name
from recemb_core.readers.content import holds_times, is_number


@dataclass(frozen=True)
class Preset:
    """A known layout: its name, which column plays which role, and what its cancellations start with."""

    name: str
    roles: Mapping[str, Any]
    cancelled: str | None = None


U_ITEM = (
    *("movie_id", "title", "release_date", "video_release_date", "imdb_url", "unknown", "Action", "Adventure"),
    *("Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror"),
    *("Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


def find_preset(frame: pl.DataFrame) -> Preset | None:
    """The layout whose columns a table of events has, or None."""
    plain = {plain_name(c): c for c in frame.columns}
    retail = _online_retail(plain)
    if retail is not None:
        return retail
    if {"timestamp", "visitorid", "event", "itemid"} <= plain.keys():
        roles = {"user": plain["visitorid"], "item": plain["itemid"], "timestamp": plain["timestamp"]}
        return Preset("RetailRocket", {**roles, "event_type": plain["event"], "side": ()})
    if {"userid", "movieid", "rating", "timestamp"} <= plain.keys() and frame.width == 4:
        roles = {"user": plain["userid"], "item": plain["movieid"], "timestamp": plain["timestamp"]}
        return Preset("MovieLens", {**roles, "rating": plain["rating"], "side": ()})
    if _is_u_data(frame):
        user, item, rating, time = frame.columns
        return Preset("MovieLens", {"user": user, "item": item, "rating": rating, "timestamp": time, "side": ()})
    return None


def _online_retail(plain: dict[str, str]) -> Preset | None:
    invoice = plain.get("invoiceno") or plain.get("invoice")  # the second edition renamed it
    if invoice is None or not {"stockcode", "invoicedate", "customerid"} <= plain.keys():
        return None
    roles: dict[str, Any] = {"user": plain["customerid"], "item": plain["stockcode"], "timestamp": plain["invoicedate"]}
    roles |= {"basket": invoice, "weight": plain.get("quantity"), "title": plain.get("description")}
    price = plain.get("unitprice") or plain.get("price")
    return Preset("UCI Online Retail", {**roles, "side": (price,) if price else ()}, cancelled="C")


def _is_u_data(frame: pl.DataFrame) -> bool:
    head = frame.head(5_000)
    if frame.width != 4 or not is_unlabelled(frame.columns) or not all(map(is_number, head.iter_columns())):
        return False
    rating = head[head.columns[2]].cast(pl.Float64, strict=False).drop_nulls()
    return len(rating) > 0 and bool(rating.is_between(0, 5).all()) and holds_times(head[head.columns[3]])


def named_items(frame: pl.DataFrame) -> pl.DataFrame:
    """MovieLens' item files get their names; u.item's 19 flags become one list of genres; others stay as they are."""
    if is_unlabelled(frame.columns) and frame.width == len(U_ITEM):
        frame = frame.rename(dict(zip(frame.columns, U_ITEM, strict=True)))
        flags = list(U_ITEM[6:])
        genres = pl.concat_list([pl.when(pl.col(f) == "1").then(pl.lit(f)) for f in flags]).list.drop_nulls()
        year = pl.col("release_date").str.extract(r"(\d{4})$").alias("year")
        return frame.select("movie_id", "title", year, genres.alias("genres"))
    if frame.columns == ["column_1", "column_2", "column_3"] and frame["column_2"].dtype == pl.String:
        titled = frame["column_2"].drop_nulls().str.contains(r"\(\d{4}\)\s*$")
        if titled.sum() > 0.5 * len(titled):
            return frame.rename({"column_1": "movie_id", "column_2": "title", "column_3": "genres"})
    return frame
