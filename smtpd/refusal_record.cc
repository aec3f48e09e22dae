#include "smtpd/refusal_record.h"

#include <algorithm>
#include <string_view>

#include "store/facts.h"

namespace guichet::smtpd {
namespace {

constexpr std::size_t text_octets_max = 512;
constexpr std::size_t recipients_max = 20;

// Names are ours, values are anybody's.
class Object {
 public:
  void text(std::string_view name, std::string_view value) {
    const auto kept = value.substr(0, text_octets_max);
    begin(name);
    store::append_json_string(json_, kept);
    if (store::is_utf8(kept)) return;
    begin(std::string(name) + "_hex");
    store::append_json_string(json_, store::hex(kept));
  }
  void text_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void number(std::string_view name, std::uint64_t value) {
    begin(name);
    json_ += std::to_string(value);
  }
  void null(std::string_view name) {
    begin(name);
    json_ += "null";
  }
  void texts(std::string_view name, const std::vector<std::string>& values) {
    begin(name);
    json_ += '[';
    for (std::size_t i = 0; i < std::min(values.size(), recipients_max); ++i) {
      if (i > 0) json_ += ',';
      store::append_json_string(json_, std::string_view(values[i]).substr(0, text_octets_max));
    }
    json_ += ']';
  }
  [[nodiscard]] std::string take() { return std::move(json_ += '}'); }

 private:
  void begin(std::string_view name) {
    json_.append(json_.empty() ? "{\"" : ",\"").append(name).append("\":");
  }
  std::string json_;
};

}  // namespace

std::string encode_refusal(const RefusalRecord& record) {
  const auto& refused = record.refused;
  Object object;
  object.text("at", record.at.rfc3339());
  object.text("host", record.host);
  object.text("session", record.session.session);
  object.text("client", record.client.address);
  object.number("client_port", record.client.port);
  object.text_if_any("client_name", record.client.name);
  object.text("helo", record.session.helo);
  object.text("protocol", record.session.protocol);
  object.text_if_any("tls_version", record.session.tls_version);
  object.text_if_any("tls_cipher", record.session.tls_cipher);
  object.text("stage", name_of(refused.stage));
  object.text("reason", name_of(refused.reply.why));
  object.text("reply", refused.reply.line());
  object.text_if_any("recipient_class", record.recipient_class);
  refused.mail_from ? object.text("mail_from", *refused.mail_from) : object.null("mail_from");
  object.texts("recipients", refused.recipients);
  if (refused.recipients.size() > recipients_max)
    object.number("recipients_more", refused.recipients.size() - recipients_max);
  object.text("said", refused.said);
  return object.take();
}

std::string encode_left_out(const LeftOut& left_out) {
  Object object;
  object.text("at", left_out.until.rfc3339());
  object.number("left_out", left_out.refusals);
  object.text("from", left_out.from.rfc3339());
  object.text("until", left_out.until.rfc3339());
  return object.take();
}

}  // namespace guichet::smtpd
