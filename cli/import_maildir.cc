#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "cli/importing.h"
#include "cli/mail_date.h"
#include "cli/owner.h"
#include "cli/pace.h"
#include "cli/plain_text.h"
#include "store/seams.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::ErrorKind;
using store::Instant;
using store::Result;

struct MaildirEntry {
  fs::path path;
  std::uint64_t octets = 0;
  std::string key;  // the unique name: without folder and flags, which change when somebody reads
};

Result<std::vector<MaildirEntry>> entries_of(const fs::path& maildir) {
  const AsCaller caller;
  std::vector<MaildirEntry> entries;
  for (const char* folder : {"new", "cur"}) {
    std::error_code error;
    for (auto at = fs::directory_iterator(maildir / folder, error); !error && at != fs::end(at);
         at.increment(error)) {
      const auto name = at->path().filename().string();
      if (name.starts_with('.')) continue;
      std::error_code unknown;
      const auto octets = at->file_size(unknown);
      entries.push_back({at->path(), unknown ? 0 : octets, name.substr(0, name.find(":2,"))});
    }
    if (error)
      return store::fail(ErrorKind::io,
                         "no Maildir: " + (maildir / folder).string() + ": " + error.message());
  }
  // Names begin with seconds, of ten digits since 2001: the oldest first.
  std::ranges::sort(entries, {}, &MaildirEntry::key);
  return entries;
}

Result<void> import_file(Import& import, const MaildirEntry& entry, Instant now) {
  const auto name = entry.path.string();
  const ImportFile file(entry.path);
  if (!file.is_open()) return import.batch().leave_out(name, std::strerror(errno)), Result<void>();
  std::string buffer;
  for (;;) {
    const auto piece = file.read(buffer);
    if (!piece) return import.batch().leave_out(name, piece.error().text), Result<void>();
    if (piece->empty()) break;
    if (auto added = import.batch().add(*piece); !added) return added;
  }
  const auto fields = header_fields(import.batch().head());
  return import.end({.name = name,
                     .date = date_in_maildir(entry.key, fields, file.modified(), now),
                     .recipient = {},
                     .mail_from = sender_of(fields),
                     .file = entry.path.filename().string(),
                     .key = entry.key},
                    fields);
}

Result<void> import_entries(Import& import, const std::vector<MaildirEntry>& entries) {
  ProgressBar bar("import");
  const auto now = store::real_clock()->now();
  std::uint64_t done = 0, total = 0;
  for (const auto& entry : entries)
    total += entry.octets;
  for (const auto& entry : entries) {
    if (auto imported = import_file(import, entry, now); !imported) return imported;
    bar.show(done += entry.octets, total);
  }
  return import.batch().flush();
}

}  // namespace

int import_maildir(const conf::Settings& settings, const ImportOptions& options) {
  if (!names_a_maildrop(settings, options)) return bad_usage;
  const auto entries = entries_of(options.path);
  if (!entries) return complain(entries.error().text);
  const auto acting = Acting::begin(settings);
  if (!acting) return complain(acting.error().text);
  Import import(**acting, settings, options, "maildir");
  return import.summary(import_entries(import, *entries));
}

}  // namespace guichet::cli
