#include "store/erasure_journal.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace guichet::store {
namespace {

// "" when there is no such file.
Result<std::string> contents(Disk& disk, const std::filesystem::path& path) {
  const auto file = disk.open_read(path);
  if (!file && file.error().kind == ErrorKind::absent) return std::string();
  if (!file) return tl::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return tl::unexpected(size.error());
  std::string octets(static_cast<std::size_t>(*size), '\0');
  const auto got = (*file)->read_at(octets, 0);
  if (!got) return tl::unexpected(got.error());
  octets.resize(*got);
  return octets;
}

Result<void> write(File& file, std::string octets, std::uint64_t at) {
  const iovec piece{octets.data(), octets.size()};
  auto written = file.write_at({&piece, 1}, at);
  return written ? file.sync() : written;
}

}  // namespace

ErasureJournal::ErasureJournal(Disk& disk, const std::filesystem::path& store)
    : disk_(disk), store_(store), file_(store / "erasures.jsonl"), done_(store / "erasures.done") {}

Result<void> ErasureJournal::add(const std::vector<Erased>& erasures) {
  const auto before = whole_lines();
  if (!before) return tl::unexpected(before.error());
  auto file = open_for_writing();
  if (!file) return tl::unexpected(file.error());
  std::string lines;
  for (const auto& erasure : erasures)
    lines.append(encode_fact(erasure)).push_back('\n');
  if (auto cut = (*file)->truncate(before->size()); !cut) return cut;
  if (auto written = write(**file, std::move(lines), before->size()); !written) return written;
  return disk_.sync_folder(store_);
}

Result<std::vector<Erased>> ErasureJournal::pending() const {
  const auto done = octets_done();
  return done ? from(*done) : tl::unexpected(done.error());
}

Result<std::vector<Erased>> ErasureJournal::from(std::uint64_t octet) const {
  const auto lines = whole_lines();
  if (!lines) return tl::unexpected(lines.error());
  std::vector<Erased> erasures;
  for (auto begin = static_cast<std::size_t>(std::min<std::uint64_t>(octet, lines->size()));
       begin < lines->size();) {
    const auto end = lines->find('\n', begin);
    auto fact = decode_fact(std::string_view(*lines).substr(begin, end - begin));
    const auto* erased = fact ? std::get_if<Erased>(&*fact) : nullptr;
    if (!erased)
      return fail(ErrorKind::damaged, file_.string() + ": the line at octet " + std::to_string(begin) +
                                          " is no erasure; take the file from a backup");
    erasures.push_back(*erased);
    begin = end + 1;
  }
  return erasures;
}

// A new file under another name first: half a number would be another number.
Result<void> ErasureJournal::mark_done() {
  const auto lines = whole_lines();
  if (!lines) return tl::unexpected(lines.error());
  auto next = done_;
  next += ".new";
  if (auto removed = disk_.remove(next); !removed && removed.error().kind != ErrorKind::absent)
    return removed;
  auto file = disk_.create(next);
  if (!file) return tl::unexpected(file.error());
  return write(**file, std::to_string(lines->size()) + "\n", 0)
      .and_then([&] { return disk_.rename(next, done_); })
      .and_then([&] { return disk_.sync_folder(store_); });
}

Result<std::string> ErasureJournal::whole_lines() const {
  auto octets = contents(disk_, file_);
  if (octets) octets->resize(octets->rfind('\n') == std::string::npos ? 0 : octets->rfind('\n') + 1);
  return octets;
}

Result<std::uint64_t> ErasureJournal::octets_done() const {
  const auto text = contents(disk_, done_);
  if (!text) return tl::unexpected(text.error());
  std::uint64_t octets = 0;
  std::from_chars(text->data(), text->data() + text->size(), octets);  // anything else: do it all again
  return octets;
}

Result<std::unique_ptr<File>> ErasureJournal::open_for_writing() {
  auto file = disk_.open_write(file_);
  if (!file && file.error().kind == ErrorKind::absent) return disk_.create(file_);
  return file;
}

}  // namespace guichet::store
