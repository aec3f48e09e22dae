#include "cli/general_yml.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <utility>

namespace guichet::cli {
namespace {

// What Alaveteli takes where the file is silent (its lib/configuration.rb), of the keys that are asked for.
constexpr std::array<std::pair<std::string_view, std::string_view>, 21> defaults{
    {{"BLACKHOLE_PREFIX", "do-not-reply-to-this-address"},
     {"CONTACT_EMAIL", "contact@localhost"},
     {"DOMAIN", "localhost:3000"},
     {"FORWARD_NONBOUNCE_RESPONSES_TO", "user-support@localhost"},
     {"FORWARD_PRO_NONBOUNCE_RESPONSES_TO", "pro-user-support@localhost"},
     {"INCOMING_EMAIL_DOMAIN", "localhost"},
     {"INCOMING_EMAIL_PREFIX", "foi+"},
     {"INCOMING_EMAIL_SECRET", "dummysecret"},
     {"INCOMING_EMAIL_SPAM_ACTION", "false"},
     {"INCOMING_EMAIL_SPAM_HEADER", "X-Spam-Score"},
     {"INCOMING_EMAIL_SPAM_THRESHOLD", "false"},
     {"MTA_LOG_PATH", "/var/log/exim4/exim-mainlog-*"},
     {"MTA_LOG_TYPE", "exim"},
     {"POP_MAILER_ADDRESS", "localhost"},
     {"POP_MAILER_ENABLE_SSL", "true"},
     {"POP_MAILER_PASSWORD", ""},
     {"POP_MAILER_PORT", "995"},
     {"POP_MAILER_USER_NAME", ""},
     {"PRODUCTION_MAILER_DELIVERY_METHOD", "sendmail"},
     {"PRODUCTION_MAILER_RETRIEVER_METHOD", "passive"},
     {"TRACK_SENDER_EMAIL", "contact@localhost"}}};

std::string without_colon(std::string text) {
  return text.size() > 1 && text.front() == ':' ? text.substr(1) : text;
}

std::string where(const YAML::Mark& mark) {
  return mark.is_null() ? "" : "line " + std::to_string(mark.line + 1) + ": ";
}

}  // namespace

tl::expected<GeneralYml, std::string> GeneralYml::parse(const std::string& text) try {
  const auto root = YAML::Load(text);
  if (!root.IsMap())
    return tl::unexpected<std::string>("this is no general.yml: it holds no keys with values");
  GeneralYml made;
  for (const auto& item : root) {
    if (!item.first.IsScalar()) continue;
    // Psych lets the last of two equal keys win; so does this.
    auto& value = made.values_[without_colon(item.first.Scalar())];
    value = item.second.IsScalar() ? without_colon(item.second.Scalar()) : "";
  }
  return made;
} catch (const YAML::Exception& error) {
  std::string hint;
  if (text.find("<%") != std::string::npos)
    hint =
        "; it has ERB tags (<% … %>): give the file that is made from this template, as Alaveteli reads it";
  return tl::unexpected(where(error.mark) + "this is no YAML: " + error.msg + hint);
}

std::string GeneralYml::value(std::string_view key) const {
  if (const auto found = values_.find(key); found != values_.end()) return found->second;
  for (const auto& [name, text] : defaults)
    if (name == key) return std::string(text);
  return "";
}

bool GeneralYml::is_computed(std::string_view key) const {
  const auto found = values_.find(key);
  return found != values_.end() && found->second.find("<%") != std::string::npos;
}

}  // namespace guichet::cli
