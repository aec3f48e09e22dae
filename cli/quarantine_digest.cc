#include "cli/quarantine_digest.h"

#include <ctime>
#include <fstream>
#include <future>
#include <variant>

#include "cli/plain_text.h"
#include "cli/queue.h"
#include "store/marks.h"

namespace guichet::cli {
namespace {

constexpr int hour_of_day = 7;            // local
constexpr std::size_t rows_listed = 200;  // more are counted

std::tm local(store::Instant now) {
  const auto seconds = static_cast<std::time_t>(now.unix_us / 1'000'000);
  std::tm time{};
  ::localtime_r(&seconds, &time);
  return time;
}

std::string formatted(const std::tm& time, const char* format) {
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &time)};
}

std::string line_of(const store::QueueRow& row) {
  const auto& delivery = row.delivery;
  return delivery.message.uuid.text() + "  " + delivery.at.rfc3339().substr(0, 16) + "Z  " +
         plain(delivery.recipient) + "  " + (row.last ? plain(row.last->detail) : "") + "\r\n";
}

}  // namespace

std::string compose_digest(const std::vector<store::QueueRow>& rows, const std::string& recipient,
                           const std::string& hostname, store::Instant now) {
  const auto time = local(now);
  std::string text = "From: Guichet <postmaster@" + hostname + ">\r\nTo: " + recipient +
                     "\r\nSubject: " + std::to_string(rows.size()) +
                     " in quarantine\r\nDate: " + formatted(time, "%a, %d %b %Y %H:%M:%S %z") +
                     "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                     "Rules keep these from Alaveteli until somebody has looked:\r\n\r\n";
  for (std::size_t i = 0; i < std::min(rows.size(), rows_listed); ++i)
    text += line_of(rows[i]);
  if (rows.size() > rows_listed) text += "and " + std::to_string(rows.size() - rows_listed) + " more\r\n";
  return text +
         "\r\nguichet quarantine show ID       says what was found out\r\n"
         "guichet quarantine release ID    delivers it\r\n"
         "guichet quarantine discard ID    does not\r\n";
}

std::filesystem::path QuarantineDigest::mark() const {
  return settings_.store.path / "quarantine.digest";
}

store::Result<void> QuarantineDigest::look() {
  const auto now = intake_.now();
  const auto time = local(now);
  const auto today = formatted(time, "%Y-%m-%d");
  std::string last;
  std::getline(std::ifstream(mark()), last);
  if (time.tm_hour < hour_of_day || last == today) return {};
  auto& store = intake_.store();
  if (store::detached(store.archive().disk(), settings_.store.path)) return {};
  const auto rows = store.ask([](store::IndexReader& index) { return index.quarantined("", SIZE_MAX); });
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return {};
  const auto& recipient = settings_.filters.quarantine_digest_to;
  auto sent = send(compose_digest(*rows, recipient, settings_.smtpd.hostname, now));
  if (sent) std::ofstream(mark()) << today << '\n';
  return sent;
}

// Like a message that was imported: nobody has sent it here, and it is not judged.
store::Result<void> QuarantineDigest::send(const std::string& message) {
  const auto& address = settings_.filters.quarantine_digest_to;
  const auto path = smtpd::parse_path("<" + address + ">");
  const auto ruling = path ? std::optional(policy_.rule(path->path)) : std::nullopt;
  const auto* recipient = ruling ? std::get_if<store::Recipient>(&ruling->answer) : nullptr;
  if (!recipient)
    return store::fail(store::ErrorKind::absent, "filters.quarantine_digest_to: nobody here is " + address);
  auto incoming = intake_.begin(smtpd::Origin::mailbox);
  incoming->append(message);
  auto append = incoming->finish({}, {*recipient});
  if (!append) return tl::unexpected(append.error());
  std::promise<store::Result<void>> answered;
  append->done = [&](const store::Result<void>& done) { answered.set_value(done); };
  intake_.store().append(std::move(*append));
  return answered.get_future().get();
}

}  // namespace guichet::cli
