"""Rules that the compiler does not know, checked on the sources.

usage: tidy.py RULE [ARGUMENT...]     (the functions named rule_… below)
Prints one line FILE:LINE: what and why for each breach, and exits 1 when there is one.
"""

import functools
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("conf", "net", "smtpd", "popd", "handover", "store", "filters", "cli")

# Which rooms a room may include besides itself. A machine that is pure includes its own room only.
MAY_INCLUDE = {
    "conf": set(),
    "net": set(),
    "store": set(),
    "filters": {"store"},
    "smtpd": {"net", "store", "conf"},
    "popd": {"net", "store", "conf"},
    "handover": {"store"},
    "cli": set(ROOMS),
}
# Only these files of smtpd and popd may include net/. Those of the library ROOM_protocol are pure.
DRIVERS = re.compile(r"(^|_)driver(_|$)")
IMPURE_HEADERS = re.compile(r"boost/|openssl/|sys/|netinet/|arpa/(?!inet)|fstream|filesystem|chrono|ctime|time\.h|unistd\.h|random|thread|mutex")
ASIO_FILES_MAX = 8
MAY_CO_AWAIT = re.compile(r"^net/|(^|/)[^/]*driver[^/]*\.(cc|h)$|^cli/(gateway|control)[^/]*\.(cc|h)$|^tests/")
FILE_LINES_MAX = 600
FUNCTION_LINES_LONG = 60
LINE_COLUMNS_MAX = 120

breaches = []


def breach(path, line, text):
    breaches.append(f"{path}:{line}: {text}")


@functools.cache
def files():
    """Every file of the project, relative to it: what git tracks and what it would."""
    if (ROOT / ".git").exists():
        try:
            out = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                                  "--exclude-standard"], cwd=ROOT, check=True, capture_output=True).stdout
            return sorted({Path(name) for name in out.decode().split("\0") if name and (ROOT / name).is_file()})
        except (OSError, subprocess.CalledProcessError):
            pass
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in (".git", "build", "var", "__pycache__")]
        found += [(Path(folder) / name).relative_to(ROOT) for name in names]
    return sorted(found)


def sources(*suffixes, rooms=ROOMS + ("tests",)):
    return [path for path in files() if path.suffix in (suffixes or (".cc", ".h")) and path.parts[0] in rooms]


@functools.cache
def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


@functools.cache
def code_of(path):
    """The text with comments and the insides of literals blanked, line numbers kept."""
    def blank(match):
        kept = match[0][0] if match[0][0] in "\"'" else ""
        return kept + re.sub(r"[^\n]", " ", match[0][len(kept):len(match[0]) - len(kept)]) + kept

    return re.sub(r"//[^\n]*|/\*.*?\*/|R\"(\w*)\(.*?\)\1\"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
                  blank, text_of(path), flags=re.S)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(path):
    """[(line, what stands between the quotes or brackets)]"""
    return [(number, match[1]) for number, line in enumerate(text_of(path).splitlines(), 1)
            if (match := re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line))]


# --- Rooms -------------------------------------------------------------------------------------------------

@functools.cache
def protocol(room):
    """The names, without extension, of the files in the pure library of a room."""
    lists = Path(room) / "CMakeLists.txt"
    found = re.search(rf"guichet_room\(\s*{room}_protocol\s+PURE\s+SOURCES([^)]*?)LINKS", text_of(lists), re.S)
    return {Path(name).stem for name in found[1].split()} if found else set()


def pure(path):
    return path.parts[0] in ("smtpd", "popd") and path.stem in protocol(path.parts[0])


def rule_rooms():
    """Who may include whom."""
    for path in sources(rooms=ROOMS):
        room = path.parts[0]
        for line, name in includes(path):
            other = name.split("/")[0]
            if other in ROOMS and "/" in name:
                if other != room and other not in MAY_INCLUDE[room]:
                    breach(path, line, f"{room}/ may not include {other}/ (ARCHITECTURE.md, rooms)")
                elif other != room and pure(path):
                    breach(path, line, f"a pure file of {room}/ includes {other}/: it may include its own room only")
                elif other == room and pure(path) and not pure(Path(name)) and (ROOT / name).with_suffix(".cc").exists():
                    breach(path, line, f"a pure file includes {name}, which is not in guichet_{room}_protocol")
                elif other == "net" and room in ("smtpd", "popd") and not DRIVERS.search(path.stem):
                    breach(path, line, "only a driver may include net/")
            elif pure(path) and IMPURE_HEADERS.match(name):
                breach(path, line, f"a pure file includes <{name}>: no Asio, clock, file or thread in it")
            elif room in ("conf", "store") and name.startswith("boost/asio"):
                breach(path, line, f"{room}/ knows no socket")
    for room in ("smtpd", "popd"):
        if (ROOT / room / "session.cc").exists() and "session" not in protocol(room):
            breach(f"{room}/CMakeLists.txt", 1, f"the session is not in guichet_room({room}_protocol PURE SOURCES … LINKS …)")
    for path in sources(rooms=ROOMS):
        for line, name in includes(path):
            if name.startswith("tests/"):
                breach(path, line, "no room includes a test")


def reaches_asio(path, seen=None):
    seen = seen if seen is not None else set()
    for _, name in includes(path):
        if re.match(r"boost/(asio|beast)", name):
            return True
        inner = Path(name)
        if inner.parts[0] in ROOMS and inner not in seen and (ROOT / inner).is_file():
            seen.add(inner)
            if reaches_asio(inner, seen):
                return True
    return False


def rule_asio_files():
    """Asio is most of the compile time: few files may see it."""
    found = [path for path in sources(".cc", rooms=ROOMS) if reaches_asio(path)]
    if len(found) > ASIO_FILES_MAX:
        for path in found:
            breach(path, 1, f"includes boost/asio or boost/beast, itself or by a header; {len(found)} files do, "
                            f"{ASIO_FILES_MAX} may")


# --- Coroutines: what g++ 12 gets wrong --------------------------------------------------------------------

def statement_around(code, at):
    """The statement that holds the offset: from the last ; { } before it to the next ; at its own depth."""
    start = max(code.rfind(mark, 0, at) for mark in ";{}") + 1
    depth, end = 0, at
    while end < len(code):
        if code[end] in "([{":
            depth += 1
        elif code[end] in ")]}":
            depth -= 1
            if depth < 0:
                # `if (co_await …) {`: the condition ends here
                break
        elif code[end] == ";" and depth == 0:
            break
        end += 1
    return start, end


def rule_coroutines():
    """co_await only in drivers; one a statement; no lambda and no braces inside (g++ 12 frees them twice)."""
    for path in sources():
        code = code_of(path)
        for match in re.finditer(r"\bco_await\b", code):
            line = line_at(code, match.start())
            if not MAY_CO_AWAIT.search(path.as_posix()):
                breach(path, line, "co_await stands only in net/, drivers, cli/gateway*.cc and cli/control*.cc")
            start, end = statement_around(code, match.start())
            statement = code[start:end]
            operand = code[match.end():end]
            if len(re.findall(r"\bco_await\b", statement)) > 1:
                breach(path, line, "two co_await in one statement: g++ 12 crashes; name the first result")
            if re.search(r"(?<![\w\])\s])\s*\[(?!\[)[^\]]*\]\s*(\(|\{|mutable|->|<)", operand):
                breach(path, line, "a lambda inside a co_await expression: g++ 12 destroys its captures twice; name it first")
            if re.search(r"[(,=]\s*\{|\b[A-Za-z_]\w*(?:<[^;<>]*>)?\{", operand):
                breach(path, line, "braces inside a co_await expression: g++ 12 frees the temporary twice; name it first")


# --- Tests that are forgotten ------------------------------------------------------------------------------

def rule_tests_in_targets():
    """Every *_test.cc is named in the CMakeLists.txt of a folder above it."""
    for path in sources(".cc", rooms=ROOMS + ("tests",)):
        if not path.name.endswith("_test.cc"):
            continue
        if path.parts[0] != "tests":
            breach(path, 1, "a test lives in tests/")
            continue
        lists = [parent / "CMakeLists.txt" for parent in path.parents if parent.parts[:1] == ("tests",)]
        said = "\n".join(re.sub(r"#.*", "", text_of(name)) for name in lists if (ROOT / name).is_file())
        if not re.search(rf"(?<![\w-]){re.escape(path.name)}(?![\w-])", said):
            breach(path, 1, "is in no target: name it in a CMakeLists.txt of its folder")
    runs = set(re.findall(r"guichet_e2e\((\w+)", text_of(Path("tests/e2e/CMakeLists.txt"))))
    for path in sources(".py", rooms=("tests",)):
        if path.parent.name == "e2e" and path.stem.startswith("test_") and path.stem[5:] not in runs:
            breach(path, 1, "is run by nobody: name it in tests/e2e/CMakeLists.txt")


def rule_dialogs():
    """A dialog has one of the two extensions, and somebody runs the folder."""
    folder = Path("tests/dialogs")
    for path in files():
        if path.parts[:2] == folder.parts and path.suffix not in (".smtp", ".pop3", ".md"):
            breach(path, 1, "a dialog is called *.smtp or *.pop3; this file is run by nobody")
    for suffix in (".smtp", ".pop3"):
        dialogs = [path for path in files() if path.parts[:2] == folder.parts and path.suffix == suffix]
        runners = [path for path in sources(".cc", ".h", ".txt", rooms=("tests",))
                   if "dialogs" in text_of(path) and suffix in text_of(path)]
        if dialogs and not runners:
            breach(folder, 1, f"no test runs the {len(dialogs)} dialogs *{suffix}")


def rule_sample(binary):
    """conf/guichet.toml is what the declaration generates."""
    made = subprocess.run([binary, "config", "sample"], check=True, capture_output=True).stdout.decode().splitlines()
    kept = text_of(Path("conf/guichet.toml")).splitlines()
    for number in range(max(len(made), len(kept))):
        a, b = (lines[number] if number < len(lines) else "(nothing)" for lines in (kept, made))
        if a != b:
            breach("conf/guichet.toml", number + 1,
                   f"is `{a}`, the declaration says `{b}`: guichet config sample > conf/guichet.toml")
            break


# --- The text of the sources -------------------------------------------------------------------------------

def functions(code):
    """(line, lines) of each brace block that begins and ends in the first column and follows a parameter list."""
    for match in re.finditer(r"^(?=[A-Za-z\[])(?!namespace|struct|class|enum|extern)[^;{}#]*?\)[^;{}\n]*\{\n", code, re.M):
        end = code.find("\n}", match.end())
        if end > 0:
            yield line_at(code, match.start()), line_at(code, end) - line_at(code, match.start())


def rule_sources():
    """White space, length of files; the longest functions are named, and no reason to fail."""
    for path in files():
        if path.suffix not in (".cc", ".h", ".py", ".rb", ".txt", ".cmake", ".md", ".toml", ".json") and path.name not in ("dev", "run"):
            continue
        if path.parts[:2] in (("tests", "dialogs"), ("tests", "fuzz")) and path.suffix not in (".cc", ".h"):
            continue
        text = text_of(path)
        lines = text.split("\n")
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                breach(path, number, "white space at the end of the line, or a CR")
            if "\t" in line:
                breach(path, number, "a tab")
            if path.suffix in (".cc", ".h") and len(line) > LINE_COLUMNS_MAX:
                breach(path, number, f"{len(line)} columns, {LINE_COLUMNS_MAX} may be")
        if text and not text.endswith("\n"):
            breach(path, len(lines), "the last line has no end")
        if path.suffix in (".cc", ".h", ".py") and len(lines) > FILE_LINES_MAX:
            breach(path, len(lines), f"{len(lines)} lines, {FILE_LINES_MAX} may be: split it")
    long = [(lines, path, line) for path in sources(".cc", rooms=ROOMS) for line, lines in functions(code_of(path))
            if lines > FUNCTION_LINES_LONG]
    for lines, path, line in sorted(long, reverse=True, key=lambda found: found[0])[:20]:
        print(f"note: {path}:{line}: a function of {lines} lines")


def rule_links():
    """Relative links in documents lead somewhere."""
    for path in files():
        if path.suffix != ".md":
            continue
        text = re.sub(r"```.*?```|`[^`\n]*`", lambda match: re.sub(r"[^\n]", " ", match[0]), text_of(path), flags=re.S)
        for match in re.finditer(r"\]\(([^)\s]+)\)", text):
            target = match[1].split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            if not (ROOT / path.parent / target).exists():
                breach(path, line_at(text, match.start()), f"leads nowhere: {target}")


def rule_machine_paths():
    """Nothing that is true on one machine only."""
    private = re.compile(r"(?<![\w.-])/(?:" + "|".join(("work", "root", "home/[a-z]+")) + r")/")
    for path in files():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for match in private.finditer(text):
            breach(path, line_at(text, match.start()), f"a path of one machine: {match[0]}")


# --- clang's tools -----------------------------------------------------------------------------------------

def rule_format(clang_format):
    """As .clang-format has it: ./dev format."""
    def check(path):
        done = subprocess.run([clang_format, "--dry-run", "-Werror", str(ROOT / path)], capture_output=True, text=True)
        return path, re.search(r":(\d+):\d+: error", done.stderr) if done.returncode else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, found in pool.map(check, sources()):
            if found:
                breach(path, found[1], "not formatted: ./dev format")


def rule_clang_tidy(clang_tidy, build):
    """.clang-tidy on what is pure. clang 14's analyzer is no good on coroutines, so files with Asio are left out."""
    database = json.loads((Path(build) / "compile_commands.json").read_text())
    known = {Path(entry["file"]).resolve() for entry in database}
    chosen = [path for path in sources(".cc", rooms=ROOMS) if (ROOT / path).resolve() in known and not reaches_asio(path)]

    def check(path):
        done = subprocess.run([clang_tidy, "--quiet", "-p", build, str(ROOT / path)], capture_output=True, text=True)
        return path, done

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in pool.map(check, chosen):
            found = re.findall(r"^(\S+):(\d+):\d+: (?:warning|error): (.*)$", done.stdout, re.M)
            for file, line, said in found:
                name = Path(file)
                breach(name.relative_to(ROOT) if name.is_relative_to(ROOT) else name, line, said)
            if done.returncode and not found:
                breach(path, 1, f"clang-tidy failed: {(done.stderr or done.stdout)[-400:]}")
    print(f"{len(chosen)} files")


def main():
    rules = {name[5:]: rule for name, rule in globals().items() if name.startswith("rule_")}
    if len(sys.argv) < 2 or sys.argv[1] not in rules:
        sys.exit(__doc__ + "rules: " + " ".join(rules))
    rules[sys.argv[1]](*sys.argv[2:])
    for text in sorted(set(breaches)):
        print(text)
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
