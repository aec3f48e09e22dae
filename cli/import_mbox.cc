#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "cli/importing.h"
#include "cli/mail_date.h"
#include "cli/mbox.h"
#include "cli/pace.h"
#include "cli/plain_text.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::ErrorKind;
using store::Result;

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
    const ImportFile file(file_);
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
