"""The names that people give to columns, by what the columns mean; the earlier a name, the surer it is."""

from __future__ import annotations

import re
from functools import lru_cache

ROLE_NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        *("userid", "user", "visitorid", "customerid", "customer", "clientid", "householdid", "householdkey"),
        *("memberid", "reviewerid", "uid", "personid", "accountid", "profileid", "shopperid", "buyerid", "authorid"),
        *("useruuid", "username", "cookieid", "deviceid", "userno", "customerno", "usersha1", "household", "member"),
        *("visitor", "client", "membernumber", "customernumber", "usernumber", "reviewer", "uuid", "userhash"),
        *("readerid", "listenerid", "viewerid", "fullvisitorid"),
    ),
    "item": (
        *("itemid", "item", "productid", "product", "stockcode", "movieid", "movie", "sku", "skuid", "articleid"),
        *("article", "asin", "parentasin", "trackid", "songid", "artistid", "bookid", "isbn", "businessid", "newsid"),
        *("videoid", "gameid", "goodsid", "iid", "listingid", "contentid", "offerid", "recipeid", "beerid", "animeid"),
        *("productcode", "itemcode", "upc", "ean", "adid", "postid", "courseid", "hotelid", "track", "song", "artist"),
        *("book", "video", "game", "eanupc", "itemno", "productno", "materialid", "docid", "documentid", "pageid"),
        *("jobid", "placeid", "venueid", "poiid", "appid", "url"),
        # Names of things last: they serve as ids only where there is no id.
        *("itemname", "productname", "itemdescription", "trackname", "songname", "movietitle", "producttitle"),
        *("description", "title", "name"),
    ),
    "timestamp": (
        *("timestamp", "datetime", "eventtime", "time", "ts", "invoicedate", "orderdate", "purchasedate", "date"),
        *("createdat", "eventtimestamp", "unixreviewtime", "unixtime", "transactiondate", "purchasedat", "orderedat"),
        *("eventdate", "visittime", "viewtime", "clicktime", "starttime", "reviewtime", "tdat", "utctime", "epoch"),
        *("transactiontimestamp", "ratedat", "lastviewedat", "playedat", "occurredat", "endtime", "day", "when"),
        "timestampms",
    ),
    "basket": (
        *("basketid", "invoiceno", "invoice", "orderid", "transactionid", "basket", "receiptid", "receiptno", "cartid"),
        *("ticketid", "billno", "transactionno", "invoiceid", "orderno", "salesid", "memberorderid", "billid"),
        *("transaction", "receipt", "checkoutid", "purchaseid"),
    ),
    "session": ("sessionid", "session", "visitid", "sessid", "sid", "usersession", "sessionkey", "visit", "playlistid"),
    "order": (
        *("order", "step", "position", "pos", "seq", "sequenceno", "sequencenumber", "stepno", "index", "idx"),
        *("clickorder", "eventorder", "addtocartorder", "orderinsession", "rank", "trackposition", "hitnumber"),
    ),
    "weight": (
        *("quantity", "qty", "count", "weight", "units", "amount", "plays", "playcount", "frequency", "numitems"),
        *("w", "strength", "value"),
    ),
    "rating": ("rating", "ratings", "stars", "overall", "score", "ratingvalue", "reviewscore", "grade", "bookrating"),
    "event_type": (
        *("event", "eventtype", "action", "behavior", "behaviour", "behaviortype", "behaviourtype", "actiontype"),
        *("interactiontype", "eventname", "interaction", "activity", "actionname", "type"),
    ),
    "dwell": (
        *("dwell", "dwelltime", "dwellseconds", "duration", "timespent", "readtime", "secondsspent", "timeonpage"),
        *("watchtime", "dwelltimeseconds", "viewduration", "durationseconds", "playtime", "playduration", "msplayed"),
    ),
    "title": (
        *("title", "name", "itemname", "productname", "movietitle", "description", "producttitle", "itemtitle"),
        *("trackname", "songtitle", "booktitle", "productdescription", "articletitle", "label", "prodname"),
    ),
    "clock": ("timeofday", "hourofday", "hour", "ordertime", "purchasetime", "clock"),
}
EDGE_NAMES = (
    *(("source", "target"), ("from", "to"), ("src", "dst"), ("u", "v"), ("fromnodeid", "tonodeid")),
    *(("fromnode", "tonode"), ("node1", "node2"), ("nodea", "nodeb"), ("itema", "itemb"), ("item1", "item2")),
    *(("sourceid", "targetid"), ("fromid", "toid"), ("head", "tail"), ("i", "j"), ("a", "b")),
)
LIST_NAMES = ("itemidlist", "items", "itemlist", "sequence", "itemids", "history", "basketitems", "products")


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """A column name without case, punctuation and RecBole's type mark.

    >>> plain_name("Customer ID"), plain_name("user_id:token"), plain_name("movieId")
    ('customerid', 'userid', 'movieid')
    """
    return re.sub(r"[^a-z0-9]", "", re.sub(r":(token|float)(_seq)?$", "", name.strip().lower()))


_KNOWN = (
    {name for names in ROLE_NAMES.values() for name in names}
    | {name for pair in EDGE_NAMES for name in pair if len(name) > 1}
    | set(LIST_NAMES)
    | {"category", "brand", "genres", "price", "country", "color", "colour", "department"}
)


def is_known_name(name: str) -> bool:
    """Whether a field reads like a column's name that the guessing knows."""
    return plain_name(name) in _KNOWN and len(plain_name(name)) > 1


def role_rank(role: str, column: str) -> int | None:
    """How sure a name is for a role: 0 is surest, None means that the name says nothing."""
    names = ROLE_NAMES[role]
    parts = column.split(".")
    # user.id and event.user.id, from nested values, are called like userid.
    for plain in (plain_name(".".join(parts[start:])) for start in range(len(parts))):
        if plain in names:
            return names.index(plain)
    return None


def names_item(column: str) -> bool:
    """Whether a column is called like an item's id, not like its name."""
    rank, names = role_rank("item", column), ROLE_NAMES["item"]
    return rank is not None and rank < names.index("url")


def is_unlabelled(columns: list[str]) -> bool:
    """Whether a table's columns have only the names that reading gave them."""
    return all(plain_name(column).startswith("column") for column in columns)
