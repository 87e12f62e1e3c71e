"""The names that people give to columns, by what the columns mean; the earlier a name, the surer it is."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ROLE_NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        *("customeruniqueid", "useruniqueid", "userid", "user", "visitorid", "customerid", "customer", "clientid"),
        *("householdid", "householdkey", "memberid", "reviewerid", "uid", "personid", "accountid", "profileid"),
        *("shopperid", "buyerid", "authorid", "useruuid", "username", "cookieid", "deviceid", "userno", "customerno"),
        *("usersha1", "household", "member", "visitor", "client", "membernumber", "customernumber", "usernumber"),
        *("reviewer", "uuid", "userhash", "readerid", "listenerid", "viewerid", "fullvisitorid", "userpseudoid"),
        *("anonymousid", "distinctid", "guestid", "subscriberid", "patronid", "studentid", "learnerid", "patientid"),
        *("playerid", "employeeid", "actorid", "actorlogin", "cust", "custid", "custno", "login", "email"),
        *("useremail", "customeremail", "emailaddress", "kunde", "kundennr", "kundennummer", "kundenid", "kundeid"),
        *("nutzer", "nutzerid", "benutzer", "benutzerid", "besucher", "besucherid", "usuario", "usuarioid"),
        *("idusuario", "cliente", "clienteid", "codigocliente", "codcliente", "numerocliente", "idcliente"),
        *("utilisateur", "idutilisateur", "utente", "idutente", "klant", "klantnummer", "gebruiker", "klient"),
        *("uzytkownik", "用户", "用户id", "用户编号", "会员", "顧客", "ユーザー", "사용자", "고객", "пользователь"),
        *("клиент", "用户名", "會員", "會員編號", "使用者", "顧客編號", "客戶", "客戶編號", "borrowernumber"),
        *("borrower", "visid", "customerkey", "userkey", "userfullname", "benutzernummer"),
        *("kundenummer", "kunnr", "kundenr"),
        "accountname",
        *("会員番号", "会員id", "顧客番号", "顧客id", "ユーザーid", "회원번호", "사용자id", "zakaznik", "musteri"),
        *("musterino", "pelatis", "לקוח", "العميل", "مشتری"),
        *("postvisid", "csusername", "cip", "clientip"),
    ),
    "item": (
        *("itemid", "item", "productid", "product", "stockcode", "movieid", "movie", "sku", "skuid", "articleid"),
        *("article", "asin", "parentasin", "trackid", "songid", "artistid", "bookid", "isbn", "businessid", "newsid"),
        *("videoid", "gameid", "goodsid", "iid", "listingid", "contentid", "offerid", "recipeid", "beerid", "animeid"),
        *("productcode", "itemcode", "upc", "ean", "adid", "postid", "courseid", "hotelid", "track", "song", "artist"),
        *("book", "video", "game", "eanupc", "itemno", "productno", "materialid", "docid", "documentid", "pageid"),
        *("jobid", "placeid", "venueid", "poiid", "appid", "lineitemsku", "productsku", "variantid", "podcastid"),
        *("artikel", "artikelnr", "artikelnummer", "artikelid", "produkt", "produktid", "produktnr", "material"),
        *("materialnr", "producto", "productoid", "codigoproducto", "codigoarticulo", "codproducto", "codigoproduto"),
        *("codproduto", "idproducto", "articulo", "produto", "produtoid", "idproduto", "produit", "idproduit"),
        *("produitid", "prodotto", "articolo", "товар", "商品", "商品id", "商品编号", "物品", "物品id", "アイテム"),
        *("電影", "电影", "电影名", "书名", "歌曲", "商品編號", "產品", "產品編號", "itemnumber"),
        *("biblionumber", "pagename", "productkey", "itemkey", "bookmarkid", "mediennummer", "matnr", "eventcontext"),
        "objectid",
        *("商品コード", "商品番号", "商品名", "品番", "상품코드", "상품번호", "vyrobek", "urun", "urunkodu", "מוצר"),
        *("المنتج", "کالا"),
        *("postpagename", "csuristem", "requesturi"),
        *("상품", "artykul", "conceptname", "url", "itemname", "productname", "lineitemname", "artikelname"),
        *("produktname", "bezeichnung", "itemdescription", "trackname", "songname", "movietitle", "producttitle"),
        *("description", "title", "name"),
    ),
    "timestamp": (
        *("timestamp", "datetime", "eventtime", "time", "ts", "invoicedate", "orderdate", "orderpurchasetimestamp"),
        *("purchasedate", "date", "createdat", "eventtimestamp", "unixreviewtime", "unixtime", "transactiondate"),
        *("purchasedat", "orderedat", "eventdate", "visittime", "viewtime", "clicktime", "starttime", "reviewtime"),
        *("tdat", "utctime", "epoch", "transactiontimestamp", "ratedat", "lastviewedat", "playedat", "occurredat"),
        *("endtime", "day", "when", "timestampms", "zeit", "datum", "zeitpunkt", "zeitstempel", "bestelldatum"),
        *("kaufdatum", "fecha", "fechahora", "fechacompra", "datahora", "datacompra", "dataora", "dateheure"),
        *("datecommande", "tijd", "tijdstip", "czas", "时间", "时间戳", "浏览时间", "点击时间", "日期", "日時"),
        *("交易日期", "交易時間", "下單時間", "下单时间", "評分時間", "评分时间"),
        *("購入日時", "購入日", "注文日時", "注文日", "구매일", "구매일시", "tarih", "datumcas", "תאריך"),
        *("التاريخ", "تاریخ", "erdat"),
        *("時間", "시간", "время", "дата", "timetimestamp", "timestamputc", "viewedat"),
    ),
    "basket": (
        *("basketid", "invoiceno", "invoice", "orderid", "transactionid", "basket", "receiptid", "receiptno"),
        *("cartid", "ticketid", "billno", "transactionno", "invoiceid", "orderno", "salesid", "memberorderid"),
        *("billid", "transaction", "receipt", "checkoutid", "purchaseid", "bestellung", "bestellnr", "bestellnummer"),
        *("bestellid", "beleg", "belegnr", "belegnummer", "auftrag", "auftragsnr", "rechnungsnr", "warenkorb", "bon"),
        *("bonnr", "pedido", "idpedido", "pedidoid", "commande", "idcommande", "facture", "factura", "ordine"),
        *("scontrino", "订单", "订单id", "订单号", "заказ"),
        *("訂單", "訂單編號", "交易編號", "注文番号", "注文id", "주문번호", "vbeln", "siparisno"),
        *("bestellungnr", "bestellungsnr"),
    ),
    "session": (
        *("sessionid", "session", "visitid", "sessid", "sid", "usersession", "sessionkey", "visit", "playlistid"),
        *("gasessionid", "sitzung", "sitzungsid", "sesion", "idsesion", "sessao", "会话", "会话id", "caseconceptname"),
        "caseid",
    ),
    "order": (
        *("order", "step", "position", "pos", "seq", "sequenceno", "sequencenumber", "stepno", "index", "idx"),
        *("clickorder", "eventorder", "addtocartorder", "orderinsession", "rank", "trackposition", "hitnumber"),
    ),
    "weight": (
        *("quantity", "qty", "count", "weight", "units", "amount", "plays", "playcount", "frequency", "numitems"),
        *("lineitemquantity", "menge", "anzahl", "stueck", "cantidad", "quantidade", "quantite", "quantita"),
        *("数量", "數量"),
        *("w", "strength", "value"),
    ),
    "rating": (
        *("rating", "ratings", "stars", "overall", "score", "ratingvalue", "reviewscore", "grade", "bookrating"),
        *("bewertung", "note", "puntuacion", "nota", "评分", "оценка"),
    ),
    "event_type": (
        *("eventtype", "event", "action", "behavior", "behaviour", "behaviortype", "behaviourtype", "actiontype"),
        *("interactiontype", "eventname", "interaction", "activity", "actionname", "verbid", "type"),
    ),
    "dwell": (
        *("dwell", "dwelltime", "dwellseconds", "duration", "timespent", "readtime", "secondsspent", "timeonpage"),
        *("watchtime", "dwelltimeseconds", "viewduration", "durationseconds", "playtime", "playduration", "msplayed"),
    ),
    "title": (
        *("title", "name", "itemname", "productname", "movietitle", "description", "producttitle", "itemtitle"),
        *("trackname", "songtitle", "booktitle", "productdescription", "articletitle", "label", "prodname"),
        *("lineitemname", "artikelname", "produktname", "bezeichnung", "titel", "nombre", "titulo"),
    ),
    "click": ("clicked", "isclicked", "isclick", "click", "clk", "wasclicked", "didclick"),
    "clock": ("timeofday", "hourofday", "hour", "ordertime", "purchasetime", "clock", "erzet", "uzeit"),
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
    >>> plain_name("Código de Artículo"), plain_name("用户 ID")
    ('codigodearticulo', '用户id')
    """
    text = re.sub(r":(token|float)(_seq)?$", "", name.strip().lower())
    if not text.isascii():  # letters without their accents; words of other scripts stay as they are
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f")
        text = unicodedata.normalize("NFC", text)
    return re.sub(r"[\W_]", "", text)


_KNOWN = (
    {name for names in ROLE_NAMES.values() for name in names}
    | {name for pair in EDGE_NAMES for name in pair if len(name) > 1}
    | set(LIST_NAMES)
    | {"category", "brand", "genres", "price", "country", "color", "colour", "department"}
)


def is_known_name(name: str) -> bool:
    """Whether a field reads like a column's name that the guessing knows."""
    return plain_name(name) in _KNOWN and len(plain_name(name)) > 1


_PEOPLE = {"actor", "user", "customer", "visitor", "member", "account", "person", "client"}
# MongoDB's and DynamoDB's exports hold a value's type as one more level.
_TYPED = re.compile(r"(\.\$(oid|date|number[A-Z]\w+))+$|\.[SNB]$")


def role_rank(role: str, column: str) -> int | None:
    """How sure a name is for a role: 0 is surest, None means that the name says nothing."""
    names = ROLE_NAMES[role]
    parts = _TYPED.sub("", column).split(".")
    above = {plain_name(part) for part in parts[:-1]}
    if role in ("item", "event_type") and above & _PEOPLE:
        return None  # actor.account.name is somebody's
    # user.id and event.user.id, from nested values, are called like userid.
    for plain in (plain_name(".".join(parts[start:])) for start in range(len(parts))):
        if plain in names:
            return names.index(plain)
        turned = f"{plain.removeprefix('id')}id"  # id_user is the user_id
        if plain.startswith("id") and turned in names:
            return names.index(turned)
    return None


def names_item(column: str) -> bool:
    """Whether a column is called like an item's id, not like its name."""
    rank, names = role_rank("item", column), ROLE_NAMES["item"]
    return rank is not None and rank < names.index("url")


def is_unlabelled(columns: list[str]) -> bool:
    """Whether a table's columns have only the names that reading gave them."""
    return all(plain_name(column).startswith("column") for column in columns)
