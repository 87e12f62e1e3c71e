"""Files of behavior → arrays: load a table, guess its columns, clean its events."""

from recemb_core.readers.assumptions import Assumption
from recemb_core.readers.cleaning import CleaningConfig, CleaningStep
from recemb_core.readers.column_mapping import ROLES, ColumnMapping
from recemb_core.readers.columns import guess_columns
from recemb_core.readers.errors import InputError
from recemb_core.readers.reading import Reading
from recemb_core.readers.side_info import bin_numeric
from recemb_core.readers.table import Table
from recemb_core.readers.tables import load_table
from recemb_core.readers.times import parse_times

__all__ = [
    "InputError",
    "Table",
    "load_table",
    "Reading",
    "Assumption",
    "ROLES",
    "ColumnMapping",
    "guess_columns",
    "CleaningConfig",
    "CleaningStep",
    "parse_times",
    "bin_numeric",
]
