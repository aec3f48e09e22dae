// DNS for tests: a table of answers, and a count of what was asked.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/names.h"

namespace guichet::filters {

class NamesFake : public Names {
 public:
  using Outcome = NameAnswer::Outcome;

  // One more record. The case of a name does not matter.
  NamesFake& add(std::string_view name, NameType type, std::string record) {
    auto& answer = answers_[{lower_case(name), type}];
    answer.outcome = Outcome::found;
    answer.records.push_back(std::move(record));
    return *this;
  }
  NamesFake& fail(std::string_view name, NameType type) {
    answers_[{lower_case(name), type}] = {Outcome::failed, {}};
    return *this;
  }

  [[nodiscard]] NameAnswer ask(const NameQuestion& question) override {
    questions_.push_back(question);
    const auto found = answers_.find({lower_case(question.name), question.type});
    auto answer = found != answers_.end() ? found->second : otherwise(question);
    if (answer.outcome == Outcome::nothing) ++voids_;
    return answer;
  }

  // What is said of a name that is not in the table; `nothing` if this is not set.
  std::function<NameAnswer(const NameQuestion&)> otherwise = [](const NameQuestion&) {
    return NameAnswer{Outcome::nothing, {}};
  };

  [[nodiscard]] std::size_t queries() const { return questions_.size(); }
  [[nodiscard]] std::size_t voids() const { return voids_; }
  [[nodiscard]] const std::vector<NameQuestion>& questions() const { return questions_; }

 private:
  static std::string lower_case(std::string_view text) {
    std::string made(text);
    for (char& c : made)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return made;
  }

  std::map<std::pair<std::string, NameType>, NameAnswer> answers_;
  std::vector<NameQuestion> questions_;
  std::size_t voids_ = 0;
};

}  // namespace guichet::filters
