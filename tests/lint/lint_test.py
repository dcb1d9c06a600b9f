"""Plants what each check is there to find."""

import unittest

import docs
import folders
from tree import Tree

CLEAN = {
    "docs/ARCHITECTURE.md": "| `base/` | |\n| `card/` | `base` |\n| `se/` | `base`, `card/reader.h` |\n",
    "runtime/base/README.md": "`hex.h`",
    "runtime/base/CMakeLists.txt": "cw_library(base)",
    "runtime/base/hex.h": "#pragma once\n",
    "runtime/base/hex.cc": '#include "base/hex.h"\n',
    "runtime/card/README.md": "`reader.h` `apdu.h`",
    "runtime/card/CMakeLists.txt": "cw_library(card LINKS cw_base)",
    "runtime/card/reader.h": '#include "base/hex.h"\n',
    "runtime/card/apdu.h": "",
    "runtime/se/README.md": "`card.cc`",
    "runtime/se/CMakeLists.txt": "cw_library(se LINKS cw_base cw_card)",
    "runtime/se/card.cc": '#include "card/reader.h"\n',
}


class Planted(Tree):
    """A small clean tree in memory, with one file planted in it; text None takes the file away."""

    def __init__(self, name=None, text=None):
        self.content = {**CLEAN, name: text}
        super().__init__(".", [path for path, content in self.content.items() if content is not None])

    def text(self, name):
        return self.content[name]


class Lint(unittest.TestCase):
    def finds(self, wanted, check, name, text):
        found = list(check(Planted(name, text)))
        self.assertEqual(len(found), 1, found)
        self.assertIn(wanted, found[0])

    def test_nothing_is_found_in_a_clean_tree(self):
        for check in folders.CHECKS + [docs.links, docs.named_files, docs.commands]:
            self.assertEqual(list(check(Planted())), [], check.__name__)

    def test_a_folder_note_names_what_is_there(self):
        self.finds("does not name log.cc", folders.folder_notes, "runtime/base/log.cc", "")
        self.finds("names old.h", folders.folder_notes, "runtime/base/README.md", "`hex.h` `old.h`")
        self.finds("README.md: missing", folders.folder_notes, "runtime/base/README.md", None)
        self.finds("31 lines", folders.folder_notes, "runtime/base/README.md", "`hex.h`\n" * 31)

    def test_long_files(self):
        self.finds("501 lines", folders.lengths, "stdlib/cw/gp.lua", "\n" * 501)

    def test_link_lines_follow_the_table(self):
        self.finds("links cw_card", folders.link_lines, "runtime/base/CMakeLists.txt", "cw_library(base LINKS cw_card)")
        self.finds("does not link it", folders.link_lines, "runtime/card/CMakeLists.txt", "cw_library(card)")
        self.finds("no row", folders.link_lines, "runtime/net/CMakeLists.txt", "cw_library(net)")

    def test_includes_follow_the_table(self):
        check, base = folders.include_directions, "runtime/base/hex.cc"
        self.finds("may not include", check, base, '#include "card/apdu.h"\n')
        self.finds("may not include", check, "runtime/se/card.cc", '#include "card/apdu.h"\n')
        self.finds("write #include", check, base, '#include "../card/apdu.h"\n')
        self.finds("is private", check, "runtime/card/apdu.h", '#include "base/hex_private.h"\n')
        self.finds("is private", check, "runtime/card/apdu.h", '#include "hex_private.h"\n')

    def test_text_that_must_not_be(self):
        self.finds("swallows", folders.forbidden_text, "runtime/base/hex.cc", "try {} catch (...) {}\n")
        self.finds("path of one machine", folders.machine_paths, "docs/a.md", "see /home/" + "ada/cardwright\n")

    def test_documentation_names_what_is_there(self):
        self.finds("links to gone.md", docs.links, "docs/a.md", "[here](gone.md), [there](ARCHITECTURE.md)")
        self.finds("names runtime/gone/", docs.named_files, "docs/a.md", "`runtime/gone/` and `runtime/base/*.h`")
        self.finds("./gone.sh", docs.commands, "docs/a.md", "    $ ./gone.sh --now\n")

    def test_a_command_may_go_on_in_the_next_line(self):
        tree = Planted("docs/a.md", "$ cardwright run x \\\n    --card sim\n$ ls\n")
        self.assertEqual(list(docs.shown_commands(tree, "docs/a.md")), [(1, "cardwright run x --card sim"), (3, "ls")])


if __name__ == "__main__":
    unittest.main()
