"""The web page and its files."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from pathlib import Path

from flask import Blueprint, Response, abort, render_template, request

from .encoders import FORMATS
from .engine import SpeechEngine
from .settings import Settings

_POLICY = (
    "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# The gate lets this folder pass without a key, so nothing else stands in it.
_FOLDER = "/voicegate-page/"
_FOREVER = "public, max-age=31536000, immutable"
# Raw samples: no player knows what they are.
_NO_FILES = ("pcm",)
_HASHED = re.compile(r"([a-z]+)\.([0-9a-f]{16})\.([a-z]+)")
_IMPORT = re.compile(r"^import \{[^}]*\} from '\./([a-z]+\.js)';\n", re.M)


class PageFiles:
    """The page's files, under names that change with their content, so that browsers may keep them forever."""

    def __init__(self, folder: Path) -> None:
        self._contents = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".js"}
        self._contents["app.js"] = _one_script(folder, "app.js", set()).encode()
        self._hashes = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in self._contents.items()}

    def address(self, name: str) -> str:
        """Where the file of that name is, such as `/voicegate-page/app.0123456789abcdef.js`."""
        stem, ending = name.split(".")
        return f"{_FOLDER}{stem}.{self._hashes[name]}.{ending}"

    def answer(self, asked: str) -> Response:
        """The file. During a deployment a page of the other version gets the file of this one, not to be kept."""
        match = _HASHED.fullmatch(asked)
        name = f"{match[1]}.{match[3]}" if match else ""
        if match is None or name not in self._contents:
            abort(404)
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = Response(self._contents[name], mimetype=mimetype)
        response.headers["Cache-Control"] = _FOREVER if match[2] == self._hashes[name] else "no-store"
        return response


def _one_script(folder: Path, name: str, seen: set[str]) -> str:
    """The script with those that it imports before it: a class that opens the page together asks for few files."""
    seen.add(name)
    before: list[str] = []

    def taken(match: re.Match[str]) -> str:
        if match[1] not in seen:
            before.append(_one_script(folder, match[1], seen))
        return ""

    script = _IMPORT.sub(taken, (folder / name).read_text("utf-8"))
    return "".join(before) + re.sub(r"^export ", "", script, flags=re.M)


def add_page(routes: Blueprint, engine: SpeechEngine, settings: Settings) -> None:
    """Adds the page, its files and its icon."""
    files = PageFiles(Path(__file__).parent / "static")

    @routes.get("/")
    def page() -> Response:
        page = Response(
            render_template(
                "index.html",
                files=files,
                formats=[name for name in FORMATS if name not in _NO_FILES],
                voices=engine.voices,
                max_characters=settings.max_text_characters,
                slowest=engine.speeds[0],
                fastest=engine.speeds[1],
                # The gate says so; it drops what clients send under this name.
                signed_in=request.headers.get("X-Auth-Session") == "open",
            ),
            mimetype="text/html",
        )
        page.headers["Content-Security-Policy"] = _POLICY
        page.headers["Referrer-Policy"] = "no-referrer"
        page.headers["Cache-Control"] = "no-cache"
        return page

    @routes.get(f"{_FOLDER}<name>")
    def page_file(name: str) -> Response:
        return files.answer(name)

    @routes.get("/favicon.ico")
    def favicon() -> Response:
        icon = files.answer(files.address("favicon.svg").removeprefix(_FOLDER))
        # Its own name says nothing of its content.
        icon.headers["Cache-Control"] = "public, max-age=86400"
        return icon
