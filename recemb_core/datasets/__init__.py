"""Data sets by name: the bundled ones, and the generators of those that are invented."""

from recemb_core.data_folder import DATA_FOLDER
from recemb_core.datasets import bundled  # noqa: F401 - registers them
from recemb_core.datasets.catalogue import (
    Dataset,
    DatasetInfo,
    list_datasets,
    load_dataset,
    register_dataset,
    unregister_dataset,
)

__all__ = [
    "DATA_FOLDER",
    "Dataset",
    "DatasetInfo",
    "list_datasets",
    "load_dataset",
    "register_dataset",
    "unregister_dataset",
]
