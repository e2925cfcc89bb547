"""The version of the upgrade check: of its engine and of the package that it ships as."""

VERSION = "0.1.0"
