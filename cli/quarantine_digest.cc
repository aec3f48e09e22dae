#include "cli/quarantine_digest.h"

#include <ctime>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
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

std::string member(const nlohmann::json& findings, const char* name) {
  const auto mime = findings.find("mime");
  if (mime == findings.end() || !mime->is_object()) return {};
  const auto found = mime->find(name);
  return found != mime->end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string lines_of(const QuarantinedMessage& message) {
  const auto& delivery = message.row.delivery;
  const auto findings = nlohmann::json::parse(message.findings, nullptr, false);
  std::string text = delivery.message.uuid.text() + "  " + delivery.at.rfc3339().substr(0, 16) + "Z  " +
                     plain(delivery.recipient) + "\r\n";
  if (findings.is_object())
    for (const auto* name : {"from", "subject"})
      if (const auto value = member(findings, name); !value.empty()) text += "    " + plain(value) + "\r\n";
  return text + "    " + (message.row.last ? plain(message.row.last->detail) : "") + "\r\n\r\n";
}

// With what was found out about each that will be listed.
store::Result<std::vector<QuarantinedMessage>> quarantined(store::IndexReader& index,
                                                           const store::Archive& archive) {
  const auto rows = index.quarantined("", SIZE_MAX);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<QuarantinedMessage> messages;
  for (const auto& row : *rows) {
    messages.push_back({row, {}});
    if (messages.size() > rows_listed) continue;
    const auto places = index.verdicts(row.delivery.message);
    if (!places) return tl::unexpected(places.error());
    const auto fact = places->empty() ? store::Result<store::Fact>() : archive.fact(places->back());
    if (const auto* judged = fact ? std::get_if<store::Judged>(&*fact) : nullptr)
      messages.back().findings = judged->findings;
  }
  return messages;
}

}  // namespace

std::string compose_digest(const std::vector<QuarantinedMessage>& rows, const std::string& recipient,
                           const std::string& hostname, store::Instant now) {
  const auto time = local(now);
  std::string text = "From: Guichet <postmaster@" + hostname + ">\r\nTo: " + recipient +
                     "\r\nSubject: " + std::to_string(rows.size()) +
                     " in quarantine\r\nDate: " + formatted(time, "%a, %d %b %Y %H:%M:%S %z") +
                     "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                     "Rules keep these from Alaveteli until somebody has looked:\r\n\r\n";
  for (std::size_t i = 0; i < std::min(rows.size(), rows_listed); ++i)
    text += lines_of(rows[i]);
  if (rows.size() > rows_listed) text += "and " + std::to_string(rows.size() - rows_listed) + " more\r\n";
  return text +
         "guichet quarantine show ID                     says what was found out\r\n"
         "guichet quarantine release ID --reason TEXT    delivers it\r\n"
         "guichet quarantine discard ID --reason TEXT    does not\r\n";
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
  const auto rows = store.ask([&](store::IndexReader& index) { return quarantined(index, store.archive()); });
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return {};
  // First: if it cannot be written, nobody is to be sent a list every ten minutes.
  if (!(std::ofstream(mark()) << today << std::endl))
    return store::fail(store::ErrorKind::io, "cannot write " + mark().string());
  return send(compose_digest(*rows, settings_.filters.quarantine_digest_to, settings_.smtpd.hostname, now));
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
