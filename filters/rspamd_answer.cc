#include "filters/rspamd_answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/check.h"

namespace guichet::filters {
namespace {

using nlohmann::json;
using Kind = Unscanned::Kind;

constexpr std::size_t symbol_octets_max = 100;
constexpr std::size_t message_octets_max = 400;  // of an SMTP reply line's 512 (RFC 5321 4.5.3.1.5)

constexpr std::array<std::string_view, 6> action_names{"no action",       "greylist",    "add header",
                                                       "rewrite subject", "soft reject", "reject"};

// The answer repeats what strangers wrote, such as the Message-ID, and not always in JSON's UTF-8: an octet
// of theirs must not make the whole unreadable. What is read from it is ASCII.
std::string defused(std::string_view octets) {
  std::string text(octets);
  for (auto& c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20) c = ' ';
    if (octet > 0x7E) c = '?';
  }
  return text;
}

std::optional<double> as_score(double number) {
  if (!std::isfinite(number) || std::abs(number) > score_max) return std::nullopt;
  return number;
}

SpamAction action_of(std::string_view name) {
  const auto found = std::ranges::find(action_names, name);
  return found == action_names.end() ? SpamAction::other
                                     : static_cast<SpamAction>(found - action_names.begin());
}

// Takes what is wanted while the text is read. A tree of it would be built first and thrown away, and a
// megabyte of brackets makes a hundred of tree.
class Reader : public nlohmann::json_sax<json> {
 public:
  std::optional<double> score, required_score;
  std::string action, smtp_message;
  bool skipped = false;
  std::vector<SpamSymbol> symbols;  // with a score that is none they weigh nothing: the sum is rspamd's

  bool key(std::string& name) override {
    if (depth_ <= path_.size()) path_[depth_ - 1] = name;
    return true;
  }
  bool start_object(std::size_t) override {
    ++depth_;
    if (is_at(3) && path_[0] == "symbols") symbols.push_back({printable(path_[1], symbol_octets_max), 0});
    return true;
  }
  bool end_object() override { return --depth_, true; }
  bool start_array(std::size_t) override { return ++depth_, ++arrays_, true; }
  bool end_array() override { return --depth_, --arrays_, true; }

  bool boolean(bool value) override {
    if (is_at(1) && path_[0] == "is_skipped") skipped = value;
    return true;
  }
  bool string(std::string& value) override {
    if (is_at(1) && path_[0] == "action") action = printable(value, symbol_octets_max);
    if (is_at(2) && path_[0] == "messages" && path_[1] == "smtp_message")
      smtp_message = printable(value, message_octets_max);
    return true;
  }
  bool number_integer(std::int64_t value) override { return number(static_cast<double>(value)); }
  bool number_unsigned(std::uint64_t value) override { return number(static_cast<double>(value)); }
  bool number_float(double value, const std::string&) override { return number(value); }
  bool null() override { return true; }
  bool binary(json::binary_t&) override { return false; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  // Within so many objects, of which none stands in an array: path_ has their names.
  [[nodiscard]] bool is_at(std::size_t depth) const { return arrays_ == 0 && depth_ == depth; }

  bool number(double value) {
    if (is_at(1) && path_[0] == "score") score = as_score(value);
    if (is_at(1) && path_[0] == "required_score") required_score = as_score(value);
    if (is_at(3) && path_[0] == "symbols" && path_[2] == "score")
      symbols.back().score = as_score(value).value_or(0);
    return true;
  }

  std::array<std::string, 3> path_;
  std::size_t depth_ = 0, arrays_ = 0;
};

std::vector<SpamSymbol> heaviest(std::vector<SpamSymbol> symbols) {
  std::ranges::stable_sort(symbols, std::greater(),
                           [](const SpamSymbol& symbol) { return std::abs(symbol.score); });
  if (symbols.size() > symbols_max) symbols.resize(symbols_max);
  return symbols;
}

}  // namespace

std::string_view name_of(SpamAction action) {
  const auto at = static_cast<std::size_t>(action);
  return at < action_names.size() ? action_names[at] : "other";
}

Scan<RspamdVerdict> rspamd_verdict(std::string_view text) {
  if (text.size() > rspamd_answer_octets_max) return unscanned(Kind::nonsense, "rspamd's answer is too long");
  Reader answer;
  if (!json::sax_parse(defused(text), &answer))
    return unscanned(Kind::nonsense, "rspamd's answer is no JSON");
  if (answer.skipped) return unscanned(Kind::declined, "rspamd's settings skip this message");
  if (!answer.score) return unscanned(Kind::nonsense, "rspamd's answer has no score that is a number");
  if (answer.action.empty()) return unscanned(Kind::nonsense, "rspamd's answer has no action");
  return RspamdVerdict{.score = *answer.score,
                       .required_score = answer.required_score,
                       .action = action_of(answer.action),
                       .symbols = heaviest(std::move(answer.symbols)),
                       .smtp_message = std::move(answer.smtp_message)};
}

std::string spam_header(double score) {
  GUICHET_CHECK(std::abs(score) <= score_max);
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), score, std::chars_format::fixed, 1);
  const std::string_view digits(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  return std::string(digits == "-0.0" ? "0.0" : digits);
}

}  // namespace guichet::filters
