"""Makes a virtual environment with pip in it: python make_environment.py DIRECTORY."""

import ensurepip
import sys
import sysconfig
import zipfile
from pathlib import Path
from types import SimpleNamespace
from venv import EnvBuilder


class Builder(EnvBuilder):
    """Unpacks the wheel of pip that Python brings. ensurepip has pip install itself, and compiles what never runs."""

    def post_setup(self, context: SimpleNamespace) -> None:
        packages = sysconfig.get_path("purelib", "posix_prefix", {"base": context.env_dir})
        with zipfile.ZipFile(pip_wheel()) as archive:
            archive.extractall(packages)


def pip_wheel() -> Path:
    """The wheel's place: some distributions keep it outside of the standard library."""
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"), Path(ensurepip.__path__[0], "_bundled")]
    for folder in filter(None, folders):
        for wheel in Path(folder).glob("pip-*.whl"):
            return wheel
    raise SystemExit(f"ensurepip is not available: its wheel of pip is in none of {folders}")


if __name__ == "__main__":
    Builder(symlinks=True).create(sys.argv[1])
