"""Vectors taken to production, with all that says where they come from."""

from recemb_core.bundles.bundle import bundle_files, bundle_zip, save_bundle
from recemb_core.bundles.card import MeasuredScore
from recemb_core.bundles.origin import Origin, load_origin, save_with_origin

__all__ = ["MeasuredScore", "Origin", "bundle_files", "bundle_zip", "load_origin", "save_bundle", "save_with_origin"]
