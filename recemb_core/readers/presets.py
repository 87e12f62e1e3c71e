"""Layouts of well-known data sets, recognised by their columns' names, or by their contents without names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from recemb_core.readers.column_names import is_unlabelled, plain_name
from recemb_core.readers.content import holds_times, is_number


@dataclass(frozen=True)
class Preset:
    """A known layout of this table: the arguments of its ``ColumnMapping``.

    Attributes:
        name: of the data set.
        roles: arguments by name; columns by the names that this table has.
        words: what is special about reading it, in a sentence.
        others: other readings that make sense: what to call them, and their arguments.
    """

    name: str
    roles: Mapping[str, Any]
    words: str = ""
    others: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a known layout is told, and read.

    Attributes:
        name: of the data set.
        columns: role → plain name of its column (several: the first that is there; a role whose columns are not there
            is left out unless it is needed).
        needs: plain names that must all be there.
        settings: further arguments of the mapping, as they stand.
        side: plain names (or places) of properties of the items.
        words: see :class:`Preset`.
        width: how many columns, where that matters.
        kinds: of a table without names, what each column holds (``_KINDS``).
        others: role → column as above, for other readings.
    """

    name: str
    columns: Mapping[str, Any]
    needs: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)
    side: tuple[Any, ...] = ()
    words: str = ""
    width: int | None = None
    kinds: tuple[str, ...] = ()
    others: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = ()


def _needs(*names: str) -> frozenset[str]:
    return frozenset(names)


_RETAIL = {"user": "customerid", "item": "stockcode", "timestamp": "invoicedate", "basket": ("invoiceno", "invoice")}
LAYOUTS = (
    Layout(
        "UCI Online Retail",
        {**_RETAIL, "weight": "quantity", "title": "description"},
        needs=_needs("stockcode", "invoicedate", "customerid"),
        settings={"cancelled": "C"},
        side=("unitprice", "price"),
        words="Invoices that begin with C are cancellations.",
    ),
    Layout(
        "Shopify orders",
        {"basket": "name", "user": ("email", "customer"), "item": ("lineitemsku", "lineitemname")}
        | {"timestamp": "createdat", "weight": "lineitemquantity", "title": "lineitemname"},
        needs=_needs("name", "createdat", "lineitemname", "lineitemquantity"),
        words="Name is the number of the order; a row is a line of it.",
        others=(("names as items", {"item": "lineitemname"}, {}),),
    ),
    Layout(
        "Spotify Million Playlist",
        {"session": "pid", "item": "trackstrackuri", "title": "trackstrackname", "order": "trackspos"},
        needs=_needs("pid", "trackstrackuri", "trackspos"),
        words="Each playlist is a sequence.",
    ),
    Layout(
        "RetailRocket",
        {"user": "visitorid", "item": "itemid", "timestamp": "timestamp", "event_type": "event"},
        needs=_needs("timestamp", "visitorid", "event", "itemid"),
    ),
    Layout(
        "RecSys Challenge 2019 (trivago)",
        {"user": "userid", "session": "sessionid", "item": "reference", "timestamp": "timestamp", "order": "step"}
        | {"event_type": "actiontype"},
        needs=_needs("userid", "sessionid", "timestamp", "step", "actiontype", "reference", "impressions"),
        words="The reference is an item, or the words of a search or filter: choose the event types that name items.",
        others=(("what was shown as the items (impressions)", {"item": "impressions"}, {"list_mark": "|"}),),
    ),
    Layout(
        "MovieLens",
        {"user": "userid", "item": "movieid", "timestamp": "timestamp", "rating": "rating"},
        needs=_needs("userid", "movieid", "rating", "timestamp"),
        width=4,
    ),
    Layout(
        "Amazon Reviews 2023",
        {"user": "userid", "item": "parentasin", "timestamp": "timestamp", "rating": "rating"},
        needs=_needs("userid", "parentasin", "rating", "timestamp"),
        words="Items are products (parent_asin), whose variants (asin) differ in size or color; the column title is "
        "the headline of the review, and no name of the product.",
        others=(("variants as items (asin)", {"item": "asin"}, {}),),
    ),
    Layout(
        "Amazon Reviews 2018",
        {"user": "reviewerid", "item": "asin", "timestamp": ("unixreviewtime", "reviewtime"), "rating": "overall"},
        needs=_needs("reviewerid", "asin", "overall"),
        words="The summary is the headline of the review, and no name of the product.",
    ),
    Layout(
        "Diginetica",
        {"session": "sessionid", "user": "userid", "item": "itemid", "timestamp": "eventdate", "order": "timeframe"},
        needs=_needs("sessionid", "userid", "itemid", "timeframe", "eventdate"),
        words="The date has no hour; timeframe orders a session. A user NA is nobody.",
    ),
    Layout(
        "Last.fm (HetRec 2011)",
        {"user": "userid", "item": "artistid", "weight": "weight"},
        needs=_needs("userid", "artistid", "weight"),
        settings={"ordered": False},
        width=3,
        words="A row says how often somebody played an artist; there is no order, so each person is one basket.",
    ),
    Layout(
        "Steam",
        {"user": ("userid", "steamid"), "item": "itemsitemid", "title": "itemsitemname"},
        needs=_needs("itemsitemid", "itemscount"),
        settings={"ordered": False},
        words="A library has no order, so each person is one basket.",
    ),
    Layout(
        "Steam reviews",
        {"user": ("userid", "steamid"), "item": "reviewsitemid"},
        needs=_needs("reviewsitemid"),
        settings={"ordered": False},
        words="The dates ('Posted November 5, 2011.') were not used.",
    ),
    Layout(
        "Book-Crossing",
        {"user": "userid", "item": "isbn", "rating": "bookrating"},
        needs=_needs("userid", "isbn", "bookrating"),
        words="A rating of 0 says that somebody had the book and did not rate it; a least rating of 1 leaves it out.",
    ),
    Layout(
        "Amazon-M2",
        {"sequence": ("previtems", "nextitem")},
        needs=_needs("previtems", "nextitem", "locale"),
        settings={"shape": "sequences"},
        words="A row is a session: prev_items, and behind them next_item, which is to be predicted.",
        others=(("prev_items alone", {"sequence": ("previtems",)}, {"shape": "sequences"}),),
    ),
    Layout(
        "KuaiRec",
        {"user": "userid", "item": "videoid", "timestamp": "timestamp", "dwell": "playduration"},
        needs=_needs("userid", "videoid", "playduration", "videoduration"),
        settings={"dwell_unit": "milliseconds"},
        words="play_duration counts milliseconds.",
    ),
    Layout(
        "Tmall",
        {"user": "userid", "item": "itemid", "timestamp": "timestamp", "event_type": "actiontype"},
        needs=_needs("userid", "itemid", "catid", "sellerid", "timestamp", "actiontype"),
        side=("catid", "sellerid", "brandid"),
        settings={"time_unit": "month and day", "ordered": True},
        words="time_stamp is month and day, and the rows of a day are in order; action_type 0 is a click, 1 cart, "
        "2 a purchase, 3 a favorite.",
    ),
    Layout(
        "Instacart",
        {"basket": "orderid", "item": "productid", "user": "userid"},
        needs=_needs("orderid", "productid", "addtocartorder", "reordered"),
        words="Users are in orders.csv, joined by order_id where that is in the same archive.",
    ),
    Layout(
        "Kaggle groceries",
        {"user": "membernumber", "item": "itemdescription", "timestamp": "date"},
        needs=_needs("membernumber", "date", "itemdescription"),
        settings={"day_first": True},
        words="Dates have the day first; what somebody bought on a day is one basket.",
    ),
    Layout(
        "BreadBasket",
        {"basket": "transaction", "item": "item", "timestamp": ("datetime", "date"), "clock": "time"},
        needs=_needs("transaction", "item"),
        words="The item NONE is nothing.",
    ),
    Layout(
        "H&M",
        {"user": "customerid", "item": "articleid", "timestamp": "tdat"},
        needs=_needs("tdat", "customerid", "articleid"),
        words="Dates have no hour; what somebody bought on a day is one basket.",
    ),
    Layout(
        "Gowalla or Brightkite",
        {"user": 0, "timestamp": 1, "item": 4},
        kinds=("id", "iso", "latitude", "longitude", "id"),
        words="user, time, latitude, longitude, place.",
    ),
    Layout(
        "Yoochoose clicks",
        {"session": 0, "timestamp": 1, "item": 2},
        kinds=("id", "iso", "id", "category"),
        side=(3,),
        words="session, time, item, category.",
    ),
    Layout(
        "Yoochoose buys",
        {"session": 0, "timestamp": 1, "item": 2, "weight": 4},
        kinds=("id", "iso", "id", "number", "number"),
        words="session, time, item, price, quantity; a quantity of 0 is not known in this data set.",
    ),
    Layout(
        "Last.fm 360K",
        {"user": 0, "item": 1, "title": 2, "weight": 3},
        kinds=("sha1", "mbid", "text", "number"),
        settings={"ordered": False},
        words="A row says how often somebody played an artist; there is no order, so each person is one basket.",
        others=(("artists by name", {"user": 0, "item": 2, "weight": 3}, {"ordered": False}),),
    ),
    Layout(
        "Last.fm 1K",
        {"user": 0, "timestamp": 1, "item": 2, "title": 3},
        kinds=("id", "iso", "maybe id", "text", "maybe id", "text"),
        words="user, time, artist id, artist, track id, track. Artists are the items; rows without an id are out.",
        others=(
            ("artists by name", {"user": 0, "timestamp": 1, "item": 3}, {}),
            ("tracks by id", {"user": 0, "timestamp": 1, "item": 4, "title": 5}, {}),
            ("tracks by name", {"user": 0, "timestamp": 1, "item": 5}, {}),
        ),
    ),
    Layout(
        "Foursquare (TSMC 2014)",
        {"user": 0, "item": 1, "timestamp": 7},
        kinds=("id", "venue", "venue", "text", "latitude", "longitude", "number", "time"),
        side=(3,),
        words="user, venue, category id, category, latitude, longitude, offset in minutes, time in UTC.",
    ),
    Layout(
        "Foursquare (global check-ins)",
        {"user": 0, "item": 1, "timestamp": 2},
        kinds=("id", "venue", "time", "number"),
        words="user, venue, time in UTC, offset in minutes.",
    ),
    Layout(
        "MIND",
        {"user": 1, "timestamp": 2, "item": 4},
        kinds=("id", "id", "time", "text", "impressions"),
        settings={"list_mark": " ", "clicked": "-1"},
        words="An impression log: what was shown, -1 behind what was clicked. The clicks are the events.",
        others=(
            (
                "the history of each person as one sequence",
                {"user": 1, "sequence": (3,)},
                {"shape": "sequences", "list_mark": " ", "once_a_user": True},
            ),
        ),
    ),
    Layout(
        "Amazon Reviews 2018 (ratings only)",
        {"item": 0, "user": 1, "rating": 2, "timestamp": 3},
        kinds=("asin", "reviewer", "stars", "time"),
        words="item, user, rating, time: here the item comes first.",
    ),
    Layout(
        "Amazon Reviews 2014 (ratings only)",
        {"user": 0, "item": 1, "rating": 2, "timestamp": 3},
        kinds=("reviewer", "asin", "stars", "time"),
        words="user, item, rating, time.",
    ),
    Layout(
        "MovieLens", {"user": 0, "item": 1, "rating": 2, "timestamp": 3}, kinds=("number", "number", "stars", "time")
    ),
    Layout(
        "Steam 200k",
        {"user": 0, "item": 1, "event_type": 2, "weight": 3},
        kinds=("id", "text", "play or purchase", "number", "number"),
        settings={"ordered": False},
        words="user, game, purchase or play, hours; there is no order, so each person is one basket.",
    ),
)
_RANGES = {"number": (-1e300, 1e300), "stars": (0, 5), "latitude": (-90, 90), "longitude": (-180, 180)}
_PATTERNS = {
    "sha1": r"^[0-9a-f]{40}$",
    "mbid": r"^([0-9a-f]{8}-[0-9a-f\-]{20,30})?$",
    "venue": r"^[0-9a-f]{24}$",
    "impressions": r"^\S+-[01]( \S+-[01])*$",
    "iso": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?$",
    "asin": r"^(B0\w{8}|\d{9}[\dX])$",
    "reviewer": r"^A\w{9,24}$",
    "play or purchase": r"^(play|purchase)$",
    "id": r"^\S+$",
    "maybe id": r"^\S*$",
    "category": r"^[SB\d]\d*$",
}


def _holds(kind: str, values: pl.Series) -> bool:
    """Whether nearly all values of a column are of a kind."""
    known = values.drop_nulls() if kind not in ("mbid", "maybe id") else values.fill_null("")
    if kind == "text":
        return not is_number(known) and not holds_times(known)
    if len(known) == 0:
        return False
    if kind in _RANGES:
        numbers = known.cast(pl.Float64, strict=False).drop_nulls()
        if not is_number(known) or numbers.is_empty() or not bool(numbers.is_between(*_RANGES[kind]).all()):
            return False
        return kind not in ("latitude", "longitude") or bool((numbers % 1 != 0).any())
    if kind == "time":
        return holds_times(known)
    if known.dtype != pl.String:
        return False
    return float(known.str.contains(_PATTERNS[kind]).mean() or 0.0) > 0.98  # type: ignore[arg-type]


def find_preset(frame: pl.DataFrame) -> Preset | None:
    """The layout whose columns a table of events has, or None."""
    if is_unlabelled(frame.columns):
        head = frame.head(2_000)
        for layout in LAYOUTS:
            if len(layout.kinds) == frame.width and all(
                _holds(kind, head[column]) for kind, column in zip(layout.kinds, head.columns, strict=True)
            ):
                return _of(layout, dict(enumerate(frame.columns)))
        return None
    plain = {plain_name(c): c for c in frame.columns}
    for layout in LAYOUTS:
        fits = layout.width in (None, frame.width) and bool(layout.needs) and layout.needs <= plain.keys()
        if fits and all(_place(places, plain) for role, places in layout.columns.items() if role in ("item", "basket")):
            return _of(layout, plain)
    return None


def _place(places: Any, names: Mapping[Any, str]) -> str | None:
    """The first of some columns that is there."""
    return next((names[p] for p in (places if isinstance(places, tuple) else (places,)) if p in names), None)


def _of(layout: Layout, names: Mapping[Any, str]) -> Preset:
    found = _arguments(layout.columns, layout.settings, names)
    found["side"] = tuple(names[name] for name in layout.side if name in names)
    if plain_name(str(found.get("timestamp"))) == "datetime":
        found.pop("clock", None)  # the hour is there already
    others = [(label, _arguments(columns, settings, names)) for label, columns, settings in layout.others]
    whole = [
        (label, arguments if "shape" in arguments or not layout.needs else {**found, **arguments})
        for label, arguments in others
        if "item" in arguments or "sequence" in arguments
    ]
    return Preset(layout.name, found, layout.words, tuple(whole))


def _arguments(columns: Mapping[str, Any], settings: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for role, places in columns.items():
        if role == "sequence":
            found[role] = tuple(names[p] for p in places)
        elif (column := _place(places, names)) is not None:
            found[role] = column
    return {**found, **settings}


U_ITEM = (
    *("movie_id", "title", "release_date", "video_release_date", "imdb_url", "unknown", "Action", "Adventure"),
    *("Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror"),
    *("Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


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
