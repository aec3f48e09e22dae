#include "filters/counted_names.h"

#include <algorithm>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

constexpr std::size_t name_octets_max = 253;
constexpr std::size_t label_octets_max = 63;

bool may_stand_in_name(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != '\x7F' && c != '\\';
}

bool is_known(NameType type) {
  switch (type) {
    case NameType::a:
    case NameType::ptr:
    case NameType::mx:
    case NameType::txt:
    case NameType::aaaa:
      return true;
  }
  return false;
}

}  // namespace

bool may_be_asked(const NameQuestion& question) {
  std::string_view rest = question.name;
  if (!is_known(question.type) || rest.empty() || rest.size() > name_octets_max) return false;
  if (!std::ranges::all_of(rest, may_stand_in_name)) return false;
  for (;;) {
    const auto label = rest.substr(0, rest.find('.'));
    if (label.empty() || label.size() > label_octets_max) return false;
    if (label.size() == rest.size()) return true;
    rest.remove_prefix(label.size() + 1);
  }
}

CountedNames::CountedNames(Names& names, NameLimits limits, std::function<Clock::time_point()> now)
    : names_(names), limits_(limits), now_(std::move(now)) {}

// RFC 4343: names are compared without regard to the case of US-ASCII letters.
CountedNames::Key CountedNames::key_of(const NameQuestion& question) {
  Key key{question.name, question.type};
  std::ranges::transform(key.first, key.first.begin(), lower);
  return key;
}

bool CountedNames::count(const Key& key) {
  if (counted_.contains(key)) return true;  // it was expected, and is being answered already
  if (waited_ >= limits_.time) return false;
  if (queries_ >= limits_.queries_max) return false;
  ++queries_;
  counted_.insert(key);
  return true;
}

NameAnswer CountedNames::ask(const NameQuestion& question) {
  if (!may_be_asked(question)) return {NameAnswer::Outcome::nothing, {}};
  const auto key = key_of(question);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  if (!count(key)) {
    ++refused_;
    return {};
  }
  const auto began = now_();
  auto answer = names_.ask(question);
  waited_ += now_() - began;
  if (answer.outcome == NameAnswer::Outcome::nothing) ++voids_;
  keep(question, answer);
  return known_.emplace(key, std::move(answer)).first->second;
}

void CountedNames::expect(const std::vector<NameQuestion>& questions) {
  std::vector<NameQuestion> allowed;
  for (const auto& question : questions) {
    if (!may_be_asked(question)) continue;
    const auto key = key_of(question);
    if (!counted_.contains(key) && count(key)) allowed.push_back(question);
  }
  if (!allowed.empty()) names_.expect(allowed);
}

void CountedNames::keep(const NameQuestion& question, const NameAnswer& answer) {
  std::size_t octets = question.name.size();
  for (const auto& record : answer.records)
    octets += record.size();
  if (octets > limits_.evidence_octets_max - evidence_octets_) {
    ++evidence_left_out_;
    return;
  }
  evidence_octets_ += octets;
  evidence_.push_back({question, answer});
}

}  // namespace guichet::filters
