"""Makes a virtual environment: python make_environment.py DIRECTORY PACKAGE...; packages are pip and setuptools."""

import ensurepip
import sys
import sysconfig
import zipfile
from pathlib import Path
from types import SimpleNamespace
from venv import EnvBuilder


class Builder(EnvBuilder):
    """Unpacks wheels that Python brings. ensurepip has pip install them, and compiles what never runs."""

    def __init__(self, packages: list[str]) -> None:
        super().__init__(symlinks=True)
        self.packages = packages

    def post_setup(self, context: SimpleNamespace) -> None:
        folder = sysconfig.get_path("purelib", "posix_prefix", {"base": context.env_dir})
        for package in self.packages:
            if package == "setuptools" and sys.version_info >= (3, 12):
                continue  # Since then no environment of Python's own has it, though Debian keeps a wheel.
            wheel = bundled(package)
            if wheel is not None:
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(folder)


def bundled(package: str) -> Path | None:
    """The wheel's place: some distributions keep it outside of the standard library. None without."""
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"), Path(ensurepip.__path__[0], "_bundled")]
    for folder in filter(None, folders):
        for wheel in Path(folder).glob(f"{package}-*.whl"):
            return wheel
    if package == "pip":
        raise SystemExit(f"ensurepip is not available: its wheel of pip is in none of {folders}")
    return None


if __name__ == "__main__":
    Builder(sys.argv[2:]).create(sys.argv[1])
