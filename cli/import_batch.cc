#include "cli/import_batch.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/owner.h"
#include "cli/plain_text.h"
#include "store/facts.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Result;

// It has no name from the beginning: nothing stays behind however this ends.
int open_nameless() {
  const AsCaller caller;
  const char* named = std::getenv("TMPDIR");
  const std::string folder = named && *named ? named : "/tmp";
  if (const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); file >= 0) return file;
  std::string path = folder + "/guichet-import-XXXXXX";
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(path.c_str());
  return file;
}

tl::unexpected<store::Error> failed(const char* what) {
  return store::fail(store::ErrorKind::io, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

ImportBatch::ImportBatch(Acting& acting, const conf::Settings& settings, const ImportOptions& options,
                         std::string from, ImportCounts& counts)
    : acting_(acting),
      settings_(settings),
      options_(options),
      from_(std::move(from)),
      counts_(counts),
      file_(open_nameless()) {}

ImportBatch::~ImportBatch() {
  if (file_ >= 0) ::close(file_);
}

Result<void> ImportBatch::add(std::string_view octets) {
  if (file_ < 0) return failed("there is no place for a temporary file (TMPDIR names one)");
  if (head_.size() < head_octets_max) head_.append(octets.substr(0, head_octets_max - head_.size()));
  while (!octets.empty()) {
    const auto wrote = ::pwrite(file_, octets.data(), octets.size(), static_cast<off_t>(end_));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failed("a temporary file cannot be written (TMPDIR names its folder)");
    end_ += static_cast<std::uint64_t>(wrote);
    octets.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<void> ImportBatch::end(const Description& message) {
  messages_.push_back({{"offset", begin_},
                       {"octets", end_ - begin_},
                       {"at", message.date.at.rfc3339()},
                       {"dated_by", message.date.by},
                       {"recipient_hex", store::hex(message.recipient)},
                       {"mail_from_hex", store::hex(message.mail_from)},
                       {"file_hex", store::hex(message.file)},
                       {"key_hex", store::hex(message.key)}});
  names_.push_back(message.name);
  begin_ = end_;
  head_.clear();
  return messages_.size() >= messages_max || end_ >= octets_max ? flush() : Result<void>();
}

void ImportBatch::leave_out(const std::string& name, const std::string& why) {
  complain(name + ": left out: " + why);
  ++counts_.left_out;
  end_ = begin_;
  head_.clear();
}

Result<void> ImportBatch::flush() {
  if (messages_.empty()) return {};
  const auto answer = acting_.act({{"command", "import"},
                                   {"hostname", settings_.smtpd.hostname},
                                   {"maildrop", options_.maildrop},
                                   {"from", from_},
                                   {"handed_over", options_.handed_over},
                                   {"dry_run", options_.dry_run},
                                   {"messages", std::exchange(messages_, Json::array())}},
                                  file_);
  if (!answer) return tl::unexpected(answer.error());
  settle(answer->value("results", Json::array()));
  names_.clear();
  begin_ = end_ = 0;
  if (::ftruncate(file_, 0) != 0) return failed("a temporary file cannot be emptied");
  return {};
}

void ImportBatch::settle(const Json& results) {
  for (std::size_t at = 0; at < names_.size(); ++at) {
    const auto result = at < results.size() && results[at].is_string() ? results[at].get<std::string>()
                                                                       : "the gateway did not say";
    if (result == "imported")
      ++counts_.imported;
    else if (result == "there")
      ++counts_.there;
    else if (result == "erased")
      leave_out(names_[at], "its octets were erased from this store; guichet show says when and why");
    else
      leave_out(names_[at], result);
  }
}

}  // namespace guichet::cli
