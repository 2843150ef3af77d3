"""The demo's output folder: continued when the settings are the same, begun afresh when they are not."""

import json
import shutil
from os import PathLike
from pathlib import Path
from typing import Any

SETTINGS_FILE = "demo.json"
CONTENTS = ("model", "bank", "results.jsonl", "samples.png", "report.html", "history.json")
"""What a demo writes beside its settings, and hence all it ever deletes."""


def open_demo_folder(out: str | PathLike, settings: dict[str, Any]) -> tuple[Path, bool]:
    """Make, continue or renew the folder of a demo.

    Parameters
    ----------
    out : path
        The folder; made if it does not exist.
    settings : dict, JSON-able
        All that decides the demo's results.

    Returns
    -------
    path : Path
    continued : bool
        Whether it holds parts of a demo with exactly these settings, which the caller may go on with. Parts
        of a demo with other settings are deleted, so that two demos never mix.

    Raises
    ------
    FileExistsError
        If `out` is a file, or a folder with something in it that is not a demo's.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file; the demo needs a folder: choose another --out.")
    settings = json.loads(json.dumps(settings))
    marker = out / SETTINGS_FILE
    if out.is_dir() and any(out.iterdir()):
        if not marker.is_file():
            raise FileExistsError(
                f"{out} is not empty and no earlier demo made it; nothing was changed. "
                "Choose another --out, or empty it."
            )
        if _read(marker) == settings:
            return out, True
        _remove_contents(out)
    out.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    return out, False


def _read(marker: Path) -> Any:
    try:
        return json.loads(marker.read_text(encoding="utf-8"))
    except ValueError:
        return None  # Cut off while it was written: nothing can be told about the folder, so it is renewed.


def _remove_contents(out: Path) -> None:
    for name in CONTENTS:
        path = out / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
