"""The packages of a release: what is below logstack/, and the repository's components as `logstack.components`."""

from setuptools import find_packages, setup

# Folders without an __init__.py are packages here too: setuptools ships the files of packages alone, and those of
# logstack/binaries/go are files that are built from.
setup(
    packages=[*find_packages(include=["logstack", "logstack.*"]), "logstack.components"],
    package_dir={"logstack.components": "components"},
)
