#include "cli/import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <vector>

#include "cli/act.h"
#include "cli/import_batch.h"
#include "cli/import_clues.h"
#include "cli/mail_date.h"
#include "cli/owner.h"
#include "cli/pace.h"
#include "cli/plain_text.h"
#include "cli/recipients.h"
#include "smtpd/policy.h"
#include "store/seams.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::ErrorKind;
using store::Instant;
using store::Result;

constexpr std::size_t piece_octets = 256 * 1024;
constexpr int bad_usage = 2;

// --- What both have in common --------------------------------------------------------------------------

// As RCPT would have it today, but a wrong hash in the address is no reason to leave history out.
smtpd::Policy policy_of(const conf::Settings& settings) {
  std::vector<smtpd::SitePolicy> sites;
  for (const auto& site : settings.sites)
    sites.push_back({.domain = site.domain,
                     .prefix = site.prefix,
                     .maildrop = site.maildrop,
                     .secret = {},
                     .strict = false});
  return smtpd::Policy(std::move(sites), routes_of(settings));
}

IsOurs ours_by(const smtpd::Policy& policy) {
  return [&policy](const std::string& address) {
    const auto path = smtpd::parse_path("<" + address + ">");
    return path && policy.rule(path->path).taken();
  };
}

class File {
 public:
  explicit File(const fs::path& path) {
    const AsCaller caller;
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd_ >= 0 && (::fstat(fd_, &status_) != 0 || !S_ISREG(status_.st_mode))) {
      ::close(fd_);
      fd_ = -1;
      errno = EINVAL;
    }
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }
  [[nodiscard]] Instant modified() const {
    return {status_.st_mtim.tv_sec * std::int64_t{1'000'000} + status_.st_mtim.tv_nsec / 1000};
  }
  // Empty at the end.
  [[nodiscard]] Result<std::string_view> read(std::string& buffer) const {
    buffer.resize(piece_octets);
    ssize_t got = 0;
    do
      got = ::read(fd_, buffer.data(), buffer.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) return store::fail(ErrorKind::io, std::strerror(errno));
    return std::string_view(buffer).substr(0, static_cast<std::size_t>(got));
  }

 private:
  int fd_ = -1;
  struct stat status_ {};
};

class Import {
 public:
  Import(Acting& acting, const conf::Settings& settings, const ImportOptions& options, std::string from)
      : options_(options),
        policy_(policy_of(settings)),
        is_ours_(ours_by(policy_)),
        batch_(acting, settings, options, std::move(from), counts_) {}

  ImportBatch& batch() { return batch_; }

  // The message whose octets were added.
  Result<void> end(ImportBatch::Description message, const std::vector<HeaderField>& fields) {
    auto recipient = recipient_of(fields, is_ours_);
    if (!recipient && !options_.recipient.empty()) recipient = options_.recipient;
    if (!recipient) {
      batch_.leave_out(message.name,
                       "no address of a site in X-Original-To, Delivered-To, Envelope-To, and no request "
                       "address in To or Cc; --recipient ADDRESS says for whom such messages are");
      return {};
    }
    message.recipient = std::move(*recipient);
    return batch_.end(message);
  }

  int summary(const Result<void>& done) {
    std::cout << counts_.imported << (options_.dry_run ? " would be imported" : " imported")
              << (options_.handed_over ? " as handed over, " : ", ") << counts_.there
              << " were there already, " << counts_.left_out << " left out\n";
    if (!done) return complain(done.error().text + "; the same command goes on from here");
    return counts_.left_out == 0 ? 0 : 1;
  }

 private:
  const ImportOptions& options_;
  const smtpd::Policy policy_;
  const IsOurs is_ours_;
  ImportCounts counts_;
  ImportBatch batch_;
};

bool names_a_maildrop(const conf::Settings& settings, const ImportOptions& options) {
  if (std::ranges::any_of(settings.maildrops,
                          [&](const auto& maildrop) { return maildrop.name == options.maildrop; }))
    return true;
  complain("there is no [[maildrop]] \"" + options.maildrop + "\"");
  return false;
}

// --- Maildir -------------------------------------------------------------------------------------------

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
  const File file(entry.path);
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

// --- mbox ----------------------------------------------------------------------------------------------

std::optional<FromQuoting> quoting_of(const std::string& name) {
  static const std::map<std::string, FromQuoting> names{{"", FromQuoting::unsaid},
                                                        {"mboxrd", FromQuoting::mboxrd},
                                                        {"mboxo", FromQuoting::mboxo},
                                                        {"none", FromQuoting::none}};
  const auto found = names.find(name);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

class MboxImport {
 public:
  MboxImport(Import& import, fs::path file, FromQuoting quoting)
      : import_(import),
        file_(std::move(file)),
        reader_(quoting, {.begin = [this](auto line, auto offset) { begin(line, offset); },
                          .octets = [this](auto octets) { add(octets); },
                          .end = [this](auto ended) { end(ended); }}) {}

  Result<void> run() {
    const File file(file_);
    if (!file.is_open()) return unreadable(std::strerror(errno));
    ProgressBar bar("import");
    std::string buffer;
    for (std::uint64_t done = 0; going_;) {
      const auto piece = file.read(buffer);
      if (!piece) return unreadable(piece.error().text);
      if (piece->empty()) break;
      reader_.feed(*piece);
      bar.show(done += piece->size(), std::max(file.size(), done));
    }
    if (!going_) return going_;
    reader_.finish();
    if (!going_) return going_;
    if (reader_.octets_outside() > 0)
      import_.batch().leave_out(file_.string(), std::to_string(reader_.octets_outside()) +
                                                    " octets before the first From_ line are no message");
    return import_.batch().flush();
  }

 private:
  Result<void> unreadable(const std::string& why) const {
    return store::fail(ErrorKind::io, file_.string() + ": " + why);
  }

  void begin(std::string_view line, std::uint64_t offset) {
    from_line_ = line;
    offset_ = offset;
  }

  void add(std::string_view octets) {
    if (going_) going_ = import_.batch().add(octets);
  }

  void end(MboxReader::Ended ended) {
    if (!going_) return;
    const auto name = file_.string() + " at octet " + std::to_string(offset_);
    const auto number = ++seen_[from_line_];
    if (ended.ambiguous) {
      import_.batch().leave_out(
          name,
          "a line of it begins with \">>From \": say --from-quoting mboxo if Postfix or Exim wrote "
          "this file, mboxrd if it says so or guichet export wrote it");
      return;
    }
    const auto fields = header_fields(import_.batch().head());
    auto sender = sender_of(fields);
    going_ = import_.end({.name = name,
                          .date = date_in_mbox(from_line_, fields),
                          .recipient = {},
                          .mail_from = sender.empty() ? sender_of_from_line(from_line_) : std::move(sender),
                          .file = file_.filename().string() + " at octet " + std::to_string(offset_),
                          .key = from_line_ + (number > 1 ? " #" + std::to_string(number) : "")},
                         fields);
  }

  Import& import_;
  const fs::path file_;
  MboxReader reader_;
  Result<void> going_;  // an error ends the run
  std::string from_line_;
  std::uint64_t offset_ = 0;
  std::map<std::string, std::uint64_t> seen_;  // messages by From_ line
};

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

int import_mbox(const conf::Settings& settings, const ImportOptions& options) {
  if (!names_a_maildrop(settings, options)) return bad_usage;
  const auto quoting = quoting_of(options.from_quoting);
  if (!quoting) return complain("--from-quoting is mboxrd, mboxo or none"), bad_usage;
  const auto acting = Acting::begin(settings);
  if (!acting) return complain(acting.error().text);
  Import import(**acting, settings, options, "mbox");
  return import.summary(MboxImport(import, options.path, *quoting).run());
}

}  // namespace guichet::cli
