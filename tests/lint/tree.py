"""The files of the project, as the checks see them."""

import subprocess
from pathlib import Path


class Tree:
    def __init__(self, root, files=None):
        self.root = Path(root)
        self.files = sorted(files if files is not None else self._from_git())

    def _from_git(self):
        """Tracked files and new ones that are not ignored; a file just deleted is neither."""
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout
        return {name for name in listed.split("\0") if name and (self.root / name).is_file()}

    def under(self, *folders, ext=()):
        """Files in these folders, at any depth, whose names end in one of `ext` (all, if empty)."""
        return [name for name in self.files
                if name.startswith(tuple(f + "/" for f in folders)) and (not ext or name.endswith(tuple(ext)))]

    def folders(self, parent):
        """Names of the folders directly in `parent`."""
        return sorted({name[len(parent) + 1:].split("/")[0] for name in self.under(parent)
                       if "/" in name[len(parent) + 1:]})

    def text(self, name):
        return (self.root / name).read_text(encoding="utf-8")

    def lines(self, name):
        """(number, line) from 1."""
        return enumerate(self.text(name).splitlines(), 1)

    def has(self, path):
        """A file or a folder of the project."""
        path = path.rstrip("/")
        return path in self.files or any(name.startswith(path + "/") for name in self.files)
