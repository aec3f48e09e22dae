// Whatever domains publish, an evaluation of SPF asks at most as many questions as it may, none of them twice
// or for what is no name, and what it says is printable. Input: lines; the first is MAIL FROM, the second
// HELO, the others are what DNS answers: which of them, the question decides.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "filters/spf.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace guichet::filters;
using guichet::fuzz::require;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    if (end == text.size()) return lines;
    text.remove_prefix(end + 1);
  }
}

class Answers : public Names {
 public:
  explicit Answers(std::vector<std::string> lines) : lines_(std::move(lines)) {}

  NameAnswer ask(const NameQuestion& question) override {
    require(asked_.emplace(question.name, question.type).second, "no question is asked twice");
    require(!question.name.empty() && question.name.size() <= 253, "a name has 1 to 253 octets");
    require(question.name.find('\0') == std::string::npos, "no name holds a NUL");
    std::size_t number = static_cast<std::size_t>(question.type);
    for (const char c : question.name)
      number = number * 31 + static_cast<unsigned char>(c);
    if (number % 11 == 0) return {NameAnswer::Outcome::failed, {}};
    if (number % 7 == 0 || lines_.empty()) return {NameAnswer::Outcome::nothing, {}};
    return {NameAnswer::Outcome::found, records(question.type, number)};
  }
  [[nodiscard]] std::size_t queries() const { return asked_.size(); }

 private:
  [[nodiscard]] std::vector<std::string> records(NameType type, std::size_t number) const {
    const auto& line = lines_[number % lines_.size()];
    switch (type) {
      case NameType::txt:
        return {line, "not SPF"};
      case NameType::mx:
      case NameType::ptr:
        return {lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(number % (lines_.size() + 1))};
      case NameType::a:
        return {line, number % 3 == 0 ? "192.0.2.1" : "198.51.100.1"};
      case NameType::aaaa:
        return {line, "2001:db8::1"};
    }
    return {};
  }

  std::vector<std::string> lines_;
  std::set<std::pair<std::string, NameType>> asked_;
};

void judge(const std::string& client, const std::vector<std::string>& lines) {
  const SpfQuestion question{.client = client,
                             .helo = lines[1],
                             .mail_from = lines[0],
                             .hostname = "mx.example.org",
                             .received_unix_s = 1'700'000'000};
  Answers names({lines.begin() + 2, lines.end()});
  const auto found = check_spf(names, question);
  require(names.queries() <= question.limits.queries_max, "no more is asked than may be");
  require(found.terms <= question.limits.terms_max + 1, "no more than one term too many is begun");
  require(found.voids <= question.limits.voids_max + 1, "nor one look-up in vain too many");
  require(std::ranges::all_of(found.explanation, [](char c) { return c >= ' ' && c <= '~'; }),
          "what is said is printable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lines = lines_of(guichet::fuzz::text_of(data, size));
  if (lines.size() < 3) return 0;
  judge("192.0.2.1", lines);
  judge("2001:db8::1", lines);
  return 0;
}
