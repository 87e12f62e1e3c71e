"""What the things of the designed shop are called; a larger shop goes on with numbered names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

# Category: best-seller: product > accessory, accessory; product > …
SHELVES = """
Coffee: House blend: Espresso machine > Milk jug, Descaler; Coffee grinder > Grinder brush, Bean canister;
  Filter brewer > Paper filters, Glass carafe; Electric kettle > Limescale remover, Kettle base
Camping: Trail mix: Tent > Tent pegs, Groundsheet; Sleeping bag > Bag liner, Compression sack;
  Camping stove > Gas cartridge, Windshield; Head torch > Torch battery, Torch strap
Cycling: Energy bar: Road bike > Bike lock, Bottle cage; Bike helmet > Helmet padding, Helmet light;
  Cycling shoes > Cleats, Overshoes; Turbo trainer > Trainer mat, Front wheel block
Photography: Photo paper: Camera > Camera strap, Memory card; Tripod > Tripod head, Tripod bag;
  Zoom lens > Lens filter, Lens cloth; Camera drone > Propellers, Landing pad
Baking: Bread flour: Stand mixer > Dough hook, Splash guard; Kitchen scale > Measuring bowl, Scale battery;
  Bread tin > Tin liner, Cooling rack; Pasta maker > Drying stand, Pasta cutter
Gardening: Potting soil: Lawn mower > Mower blade, Grass bag; Hedge trimmer > Trimmer oil, Blade cover;
  Garden hose > Hose reel, Spray nozzle; Greenhouse > Shading net, Window opener
Music: Note pad: Guitar > Guitar strings, Capo; Keyboard > Keyboard stand, Sustain pedal;
  Violin > Rosin, Shoulder rest; Drum kit > Drum sticks, Practice pads
Painting: Sketch paper: Easel > Canvas, Palette; Oil paints > Thinner, Varnish; Watercolors > Mixing tray,
  Masking fluid; Spray gun > Paint filter, Spare nozzle
Running: Sports drink: Running shoes > Insoles, Shoe laces; Sports watch > Watch strap, Watch charger;
  Running vest > Soft flask, Safety pins; Treadmill > Treadmill oil, Treadmill mat
Sewing: White thread: Sewing machine > Machine needles, Bobbins; Overlocker > Overlock thread, Looper threader;
  Dress form > Form stand, Form cover; Steam iron > Ironing cloth, Iron cleaner
Gaming: Gift card: Console > Controller, Dust cover; Headset > Ear pads, Headset stand; Racing wheel > Pedals, Wheel
  clamp; Gaming mouse > Mouse mat, Mouse feet
Grilling: Charcoal: Gas barbecue > Gas hose, Drip tray; Smoker > Smoking chips, Smoker gasket;
  Pizza oven > Pizza peel, Pizza stone; Fire bowl > Spark guard, Fire poker
"""
BRANDS = ("Arden", "Bruno", "Corva", "Delta", "Elia", "Fenn", "Gale", "Hoven", "Inka", "Juna")
NOISE_FIELDS = ("color", "origin", "season", "series", "supplier", "warehouse")


def shelves(
    categories: int, products: int, accessories: int
) -> tuple[list[str], list[str], list[list[str]], list[list[list[str]]]]:
    """(categories, best-sellers, products by category, accessories by category and product)."""
    names, sellers, goods, extras = [], [], [], []
    lines = [line.split(": ") for line in SHELVES.replace("\n  ", " ").strip().splitlines()]
    for c in range(categories):
        if c < len(lines):
            name, seller, listed = lines[c]
            known = [(product, rest.split(", ")) for product, rest in (one.split(" > ") for one in listed.split("; "))]
        else:
            name, seller, known = f"Category {c + 1}", f"Best-seller {c + 1}", []
        known += [(f"{name} product {p + 1}", []) for p in range(len(known), products)]
        names.append(name)
        sellers.append(seller)
        goods.append([product for product, _ in known[:products]])
        extras.append(
            [
                [*own, *(f"{product} accessory {a + 1}" for a in range(len(own), accessories))][:accessories]
                for product, own in known[:products]
            ]
        )
    return names, sellers, goods, extras


def brands(number: int) -> list[str]:
    """So many brands, the largest first."""
    return [*BRANDS, *(f"Brand {b + 1}" for b in range(len(BRANDS), number))][:number]


def bridge_titles(names: Sequence[str], sides: Sequence[tuple[int, int]]) -> list[str]:
    """ "Coffee and camping set", numbered where two categories have several."""
    seen: Counter[tuple[int, int]] = Counter()
    titles = []
    for side in sides:
        seen[side] += 1
        number = f" no. {seen[side]}" if seen[side] > 1 else ""
        titles.append(f"{names[side[0]]} and {names[side[1]].lower()} set{number}")
    return titles


def slug(title: str) -> str:
    """An id made of a title.

    >>> slug("Arden bread tin")
    'arden-bread-tin'
    """
    return "-".join("".join(ch if ch.isalnum() else " " for ch in title.lower()).split())
