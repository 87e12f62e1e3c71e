"""Bundled data sets, and the generators of those that are invented."""

from recemb_core.data_folder import DATA_FOLDER
from recemb_core.datasets.catalogue import Dataset, DatasetInfo, list_datasets, load_dataset

__all__ = ["DATA_FOLDER", "Dataset", "DatasetInfo", "list_datasets", "load_dataset"]
