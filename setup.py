"""The part of the package that pyproject.toml cannot say: where its data lie. All else is there."""

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

DATA = "recemb_core._data"  # data/ in the repository


class BuildWithoutScripts(build_py):
    """The scripts beside the data build them from the repository; an installed package only reads."""

    def find_package_modules(self, package, package_dir):
        return [] if package == DATA else super().find_package_modules(package, package_dir)


setup(
    packages=[*find_packages(include=["recemb_core*"]), DATA],
    package_dir={DATA: "data"},
    package_data={"recemb_core": ["py.typed"], DATA: ["*.parquet", "README.md", "precomputed/*/*"]},
    cmdclass={"build_py": BuildWithoutScripts},
)
