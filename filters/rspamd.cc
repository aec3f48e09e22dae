#include "filters/rspamd.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "filters/curl_handle.h"

namespace guichet::filters {
namespace {

using Kind = Unscanned::Kind;

constexpr std::size_t value_octets_max = 1000;
constexpr std::size_t recipients_max = 1000;  // below rspamd's own limit, max_recipients
constexpr std::size_t answer_header_octets_max = 64 * 1024;

bool is_address(const std::string& text) {
  in6_addr address;
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string line(std::string_view name, std::string_view value) {
  return std::string(name) + ": " + printable(value, value_octets_max);
}

// What libcurl says of a transfer that came to no good end.
Kind kind_of(CURLcode code) {
  switch (static_cast<int>(code)) {
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::timed_out;
    case CURLE_WRITE_ERROR:           // our hear() stopped it: too long
    case CURLE_UNSUPPORTED_PROTOCOL:  // what it takes for HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return Kind::nonsense;
    default:
      return Kind::down;
  }
}

// One message sent, one answer heard.
class Exchange {
 public:
  Exchange(CurlHandle& curl, const OpenMessage& message) : curl_(curl), message_(message) {
    curl_.set(CURLOPT_POST, 1L);
    curl_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.size_octets));
    curl_.set(CURLOPT_READFUNCTION, &Exchange::read);
    curl_.set(CURLOPT_READDATA, this);
    curl_.set(CURLOPT_WRITEFUNCTION, &Exchange::hear);
    curl_.set(CURLOPT_WRITEDATA, this);
    curl_.set(CURLOPT_HEADERFUNCTION, &Exchange::hear_header);
    curl_.set(CURLOPT_HEADERDATA, this);
  }

  Scan<RspamdVerdict> run() {
    const auto code = curl_.run();
    if (unreadable_) return unscanned(Kind::unreadable, "the message cannot be read");
    if (code != CURLE_OK) return unscanned(kind_of(code), "rspamd: " + printable(curl_.error(code), 300));
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
      return unscanned(Kind::declined,
                       "rspamd: HTTP status " + std::to_string(status) + " " + printable(answer_, 200));
    if (sent_octets() < message_.size_octets)
      return unscanned(Kind::nonsense, "rspamd answered before it had the whole message");
    return rspamd_verdict(answer_);
  }

 private:
  [[nodiscard]] std::uint64_t sent_octets() const {
    curl_off_t sent = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
    return static_cast<std::uint64_t>(sent);
  }

  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self) {
    auto& me = *static_cast<Exchange*>(self);
    const auto got = read_at(me.message_, std::span(into, size * count), me.at_);
    me.unreadable_ = !got;
    if (!got) return CURL_READFUNC_ABORT;
    me.at_ += *got;
    return *got;
  }

  static std::size_t hear(char* octets, std::size_t size, std::size_t count, void* self) {
    auto& answer = static_cast<Exchange*>(self)->answer_;
    if (answer.size() + size * count > rspamd_answer_octets_max) return 0;
    answer.append(octets, size * count);
    return size * count;
  }

  // libcurl keeps what it hears here, without an end.
  static std::size_t hear_header(char*, std::size_t size, std::size_t count, void* self) {
    auto& heard = static_cast<Exchange*>(self)->header_octets_;
    heard += size * count;
    return heard > answer_header_octets_max ? 0 : size * count;
  }

  CurlHandle& curl_;
  const OpenMessage& message_;
  std::uint64_t at_ = 0;
  bool unreadable_ = false;
  std::string answer_;
  std::size_t header_octets_ = 0;
};

}  // namespace

std::vector<std::string> rspamd_headers(const RspamdFacts& facts, const std::string& password) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) lines.push_back(line(name, value));
  };
  const auto& envelope = facts.envelope;
  if (is_address(envelope.client)) add("IP", envelope.client);
  add("Helo", envelope.helo);
  add("Hostname", facts.client_name);
  add("From", "<" + envelope.mail_from + ">");  // of the null sender too: it is known
  for (std::size_t i = 0; i < std::min(facts.recipients.size(), recipients_max); ++i)
    add("Rcpt", "<" + facts.recipients[i] + ">");
  add("Queue-Id", facts.id);
  add("MTA-Name", envelope.hostname);
  add("Password", password);
  return lines;
}

Rspamd::Rspamd(RspamdOptions options, ScannerGate::Now now)
    : options_(std::move(options)), gate_("rspamd", options_.octets_max, options_.breaker, std::move(now)) {}

Scan<RspamdVerdict> Rspamd::check(const RspamdFacts& facts, const OpenMessage& message) {
  return gate_.pass<RspamdVerdict>(message, [&] { return ask(facts, message); });
}

Scan<RspamdVerdict> Rspamd::ask(const RspamdFacts& facts, const OpenMessage& message) const {
  CurlHandle curl;
  set_request(curl, facts);
  return Exchange(curl, message).run();
}

void Rspamd::set_request(CurlHandle& curl, const RspamdFacts& facts) const {
  constexpr std::string_view unix_scheme = "unix:";
  const bool by_path = options_.url.starts_with(unix_scheme);
  if (by_path) curl.set(CURLOPT_UNIX_SOCKET_PATH, options_.url.substr(unix_scheme.size()));
  curl.set(CURLOPT_URL, (by_path ? "http://localhost" : options_.url) + "/checkv2");
  curl.set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(options_.timeout.count(), 1)));
  for (const auto& header : rspamd_headers(facts, options_.password))
    curl.add_header(header);
  curl.add_header("Content-Type: message/rfc822");
  curl.add_header("Expect:");  // an answer before the body would save nothing here
  curl.add_header("User-Agent: Guichet");
}

}  // namespace guichet::filters
