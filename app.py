"""RecEmb Explorer: the page list and its navigation."""

from pages.shared.navigation import run_app

run_app()
