"""Bugs that can only be made in the source: replacements, applied to a copy of the tree and built there.

Each text to be replaced must stand in its file exactly once; when the source moves on, this list must follow. All of
them are in one binary, and GUICHET_POWERCUT_BUG chooses (bug.h).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("cli", "cmake", "conf", "filters", "handover", "net", "popd", "smtpd", "store")

# name of the bug: [(file, what stands there, what stands there instead)]
MUTATIONS = {
    "ack-before-barrier": [("store/writer.cc", """\
  const auto result = make_durable(appends);
  options_.answer_batch([&] {
""", """\
  if (powercut_bug("ack-before-barrier")) {
    for (auto& append : appends) {
      append.done({});
      append.done = [](const Result<void>&) {};
    }
    powercut_pause();
  }
  if (powercut_bug("trusting-deduplication") || powercut_bug("quit-before-durable")) powercut_pause();
  const auto result = make_durable(appends);
  options_.answer_batch([&] {
""")],
    # An equal digest was seen: the octets "are there already", so the second sender is answered at once.
    "trusting-deduplication": [("store/writer.cc", """\
void Writer::push(Append append) {
""", """\
void Writer::push(Append append) {
  if (powercut_bug("trusting-deduplication") && append.body) {
    static std::mutex guard;
    static std::vector<Digest> known;
    std::unique_lock held(guard);
    const bool there = std::find(known.begin(), known.end(), append.body->digest) != known.end();
    known.push_back(append.body->digest);
    held.unlock();
    if (there) {
      append.done({});
      append.done = [](const Result<void>&) {};
    }
  }
  if (powercut_bug("quit-before-durable") && !append.body) {
    append.done({});
    append.done = [](const Result<void>&) {};
  }
""")],
    "quit-before-durable": [],   # in the two places above
    "retry-failed-sync": [("store/volume.cc", """\
    auto wrote = file_->write_durably(batch.segments().front().pieces, offset);
    if (wrote) return {};
""", """\
    if (powercut_bug("retry-failed-sync")) {
      auto put = file_->write_at(batch.segments().front().pieces, offset);
      if (!put) return failed(put.error(), false);
      auto synced = file_->sync_data();
      for (int again = 0; !synced && again < 3; ++again)
        synced = file_->sync_data();
      if (synced) return {};
    }
    auto wrote = file_->write_durably(batch.segments().front().pieces, offset);
    if (wrote) return {};
""")],
    "spool-not-synced": [("store/volume.cc", """\
  if (auto synced = file_->sync_data(); !synced) return failed(synced.error(), true);
  return {};
}

Result<void> ActiveVolume::copy_spool""", """\
  if (powercut_bug("spool-not-synced")) return {};
  if (auto synced = file_->sync_data(); !synced) return failed(synced.error(), true);
  return {};
}

Result<void> ActiveVolume::copy_spool""")],
    # On ext4 and xfs the sync of a file that was created carries its name along. What loses names there is a
    # rename, so this bug makes a volume ready under another name first.
    "no-directory-sync": [("store/volume.cc", """\
  auto file = disk.create(path);
  if (!file) return failed(file.error(), false);
  BatchPosition""", """\
  auto made_as = path;
  if (powercut_bug("no-directory-sync")) made_as += ".new";
  if (made_as != path) (void)disk.remove(made_as);
  auto file = disk.create(made_as);
  if (!file) return failed(file.error(), false);
  BatchPosition"""), ("store/volume.cc", """\
  if (made) made = disk.sync_folder(path.parent_path());
""", """\
  if (made_as != path) {
    const std::string zeros(options.prepare_octets, '\\0');
    const iovec filling{const_cast<char*>(zeros.data()), zeros.size()};
    if (made) made = (*file)->write_at({&filling, 1}, octets.size());
    if (made) made = (*file)->sync();
    if (made) made = disk.rename(made_as, path);
  } else if (made) {
    made = disk.sync_folder(path.parent_path());
  }
""")],
    "index-as-truth": [("store/store.cc", """\
    auto current = bring_up(**index, alarm, inspect);
""", """\
    auto current = powercut_bug("index-as-truth") ? Result<void>() : bring_up(**index, alarm, inspect);
""")],
    "good-batch-cut": [("store/recovery.cc", """\
    const auto end = scan.last_batch_is_whole ? scan.last_batch_end : scan.last_batch_begin;
""", """\
    const bool keep = scan.last_batch_is_whole && !powercut_bug("good-batch-cut");
    const auto end = powercut_bug("torn-batch-kept") ? scan.end
                     : keep                          ? scan.last_batch_end
                                                     : scan.last_batch_begin;
""")],
    "torn-batch-kept": [],   # in the place above
    "wrong-descriptor": [("store/disk_real.cc", """\
    return write(pieces, offset, RWF_DSYNC);
""", """\
    if (!powercut_bug("wrong-descriptor") || path_.extension() != ".warc")
      return write(pieces, offset, RWF_DSYNC);
    auto wrote = write(pieces, offset, 0);
    const Descriptor other(::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::fsync(other.get()) != 0) return fail_errno("cannot sync", path_);
    return wrote;
""")],
}


class Stale(Exception):
    """The source has moved on under a mutation."""


def mutated(tree):
    """{file: its text with all its mutations}"""
    texts = {}
    for name, changes in MUTATIONS.items():
        for file, before, after in changes:
            text = texts.get(file) or (tree / file).read_text()
            if text.count(before) != 1:
                raise Stale(f"mutants.py, {name}: the text to replace stands {text.count(before)} times in {file}")
            texts[file] = text.replace(before, after)
    return texts


def mutate(tree):
    for file, text in mutated(tree).items():
        (tree / file).write_text('#include "tests/powercut/bug.h"\n' + text)


def copy_tree(tree):
    for name in ROOMS:
        shutil.copytree(ROOT / name, tree / name)
    for name in ("CMakeLists.txt", "CMakePresets.json"):
        shutil.copy2(ROOT / name, tree / name)
    (tree / "tests/powercut").mkdir(parents=True)
    (tree / "tests/CMakeLists.txt").write_text("")
    shutil.copy2(ROOT / "tests/powercut/bug.h", tree / "tests/powercut/bug.h")


def build(folder):
    """The binary with all the bugs in it. ccache has what no mutation touches, if it was ever built."""
    tree = Path(folder) / "tree"
    tree.mkdir()
    copy_tree(tree)
    mutate(tree)
    environment = {**os.environ, "CCACHE_BASEDIR": str(tree), "CCACHE_NOHASHDIR": "1"}
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "build/release", "--parallel", str(os.cpu_count() or 1), "--target", "guichet"]):
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-6000:] + done.stderr[-3000:])
            raise Stale(f"the mutants do not build: {' '.join(command)}")
    return tree / "build/release/guichet"


if __name__ == "__main__":   # whether the list still follows the source
    try:
        mutated(ROOT)
    except Stale as stale:
        sys.exit(str(stale))
