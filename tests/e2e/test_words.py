"""What the program says of itself: its manual page, and what shells complete."""

import re
import shutil
import subprocess
import unittest

import gateway
from gateway import BINARY, output_of


def said(*words):
    return output_of(str(BINARY), *words)


def completed(*line):
    """What bash offers for the last word."""
    script = said("completion", "bash") + """
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_guichet
printf '%s\\n' "${COMPREPLY[@]}"
"""
    return output_of("bash", "-c", script, "bash", "guichet", *line).split()


class Words(unittest.TestCase):
    def test_bash_completes_commands_and_options(self):
        self.assertEqual(completed("quar"), ["quarantine"])
        self.assertEqual(completed("backup", "dr"), ["drill"])
        self.assertEqual(completed("list", "--sen"), ["--sender"])
        self.assertEqual(completed("-c", "FILE", "list", "--sta"), ["--state"])
        self.assertEqual(completed("show", "--conf"), ["--config"])
        self.assertEqual(completed("filter-w"), [], "not for people")
        self.assertIn("restore", completed(""))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is missing")
    def test_zsh_reads_what_is_for_it(self):
        done = subprocess.run(["zsh", "-n"], input=said("completion", "zsh"), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("groff"), "groff is missing")
    def test_the_manual_is_one_that_groff_takes_without_a_word(self):
        page = said("manual")
        done = subprocess.run(["groff", "-ww", "-man", "-Tascii", "-rLL=100n"], input=page, capture_output=True,
                              text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for words in ("guichet backup now", "guichet show ID", "--dry-run"):
            self.assertIn(words, without_overstrike(done.stdout))


def without_overstrike(text):
    """What a terminal would show: no bold by backspace, no escape."""
    return re.sub(r"\x1b\[[0-9;]*m|.\x08", "", text)


if __name__ == "__main__":
    gateway.main()
