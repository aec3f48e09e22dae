#include "smtpd/envelope.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "store/facts.h"

namespace guichet::smtpd {
namespace {

void add(std::string& json, std::string_view name, std::string_view value) {
  json.append(json.size() > 1 ? ",\"" : "\"").append(name).append("\":");
  store::append_json_string(json, value);
  if (!store::is_utf8(value))
    json.append(",\"").append(name).append("_hex\":\"").append(store::hex(value)).append("\"");
}

// Names of ours, which need no escapes.
void add_classes(std::string& json, const std::vector<RecipientClass>& classes) {
  if (classes.empty()) return;
  json.append(",\"recipient_classes\":");
  for (char before = '['; const auto each : classes) {
    json.append(1, std::exchange(before, ',')).append("\"").append(name_of(each)).append("\"");
  }
  json.append("]");
}

void add_told(std::string& json, const Envelope& envelope) {
  if (!envelope.client_name.empty()) add(json, "client_name", envelope.client_name);
  if (!envelope.told_by.empty()) {
    add(json, "told_by", envelope.told_by);
    add(json, "via", envelope.via);
  }
  if (!envelope.upstream_id.empty()) add(json, "upstream_id", envelope.upstream_id);
  if (envelope.trusted_upstream) json.append(",\"trusted_upstream\":true");
}

void add_tags(std::string& json, const std::vector<std::string>& tags) {
  if (tags.empty()) return;
  json.append(",\"front_door\":");
  for (char before = '['; const auto& tag : tags) {
    json.append(1, std::exchange(before, ','));
    store::append_json_string(json, tag);
  }
  json.append("]");
}

// Of a later release there may be names that this one does not know: then nothing is said.
std::vector<RecipientClass> classes_of(const nlohmann::json& json) {
  std::vector<RecipientClass> classes;
  for (const auto& name : json.value("recipient_classes", nlohmann::json::array())) {
    const auto each = recipient_class_of(name.get<std::string>());
    if (!each) return {};
    classes.push_back(*each);
  }
  return classes;
}

std::string unhex(const std::string& text) {
  std::string octets;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2)
    octets.push_back(static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16)));
  return octets;
}

std::string text_of(const nlohmann::json& json, const std::string& name) {
  if (const auto exact = json.find(name + "_hex"); exact != json.end())
    return unhex(exact->get<std::string>());
  return json.value(name, std::string());
}

}  // namespace

std::string encode_envelope(const Envelope& envelope) {
  std::string json;
  json.reserve(320);
  json += '{';
  add(json, "mail_from", envelope.mail_from);
  add(json, "helo", envelope.helo);
  add(json, "client", envelope.client);
  json.append(",\"client_port\":").append(std::to_string(envelope.client_port));
  add_told(json, envelope);
  add(json, "protocol", envelope.protocol);
  if (!envelope.tls_version.empty()) {
    add(json, "tls_version", envelope.tls_version);
    add(json, "tls_cipher", envelope.tls_cipher);
  }
  if (envelope.body_8bitmime) json.append(",\"body_8bitmime\":true");
  if (envelope.smtputf8) json.append(",\"smtputf8\":true");
  if (!envelope.reverse_name_state.empty()) {
    add(json, "reverse_name", envelope.reverse_name);
    add(json, "reverse_name_state", envelope.reverse_name_state);
  }
  add_tags(json, envelope.front_door);
  add_classes(json, envelope.recipient_classes);
  add(json, "session", envelope.session);
  return json.append("}");
}

store::Result<Envelope> decode_envelope(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    return Envelope{.session = text_of(json, "session"),
                    .client = text_of(json, "client"),
                    .client_port = json.value("client_port", 0u),
                    .client_name = text_of(json, "client_name"),
                    .via = text_of(json, "via"),
                    .told_by = text_of(json, "told_by"),
                    .trusted_upstream = json.value("trusted_upstream", false),
                    .upstream_id = text_of(json, "upstream_id"),
                    .helo = text_of(json, "helo"),
                    .protocol = text_of(json, "protocol"),
                    .tls_version = text_of(json, "tls_version"),
                    .tls_cipher = text_of(json, "tls_cipher"),
                    .mail_from = text_of(json, "mail_from"),
                    .body_8bitmime = json.value("body_8bitmime", false),
                    .smtputf8 = json.value("smtputf8", false),
                    .reverse_name_state = text_of(json, "reverse_name_state"),
                    .reverse_name = text_of(json, "reverse_name"),
                    .front_door = json.value("front_door", std::vector<std::string>()),
                    .recipient_classes = classes_of(json)};
  } catch (const std::exception& error) {  // nlohmann's own, and std::stoi's
    return store::fail(store::ErrorKind::damaged, std::string("cannot read an envelope: ") + error.what());
  }
}

}  // namespace guichet::smtpd
