// From a field of Settings to a Value and back, for the declaration of the options.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <type_traits>
#include <vector>

#include "conf/option.h"

namespace guichet::conf {

template <typename Enum>
struct Names;  // spellings, in the order of the enumerators

template <>
struct Names<RecipientPolicy> {
  static constexpr std::array<std::string_view, 2> all{"prefix", "strict"};
};
static_assert(Names<RecipientPolicy>::all[static_cast<std::size_t>(RecipientPolicy::strict)] == "strict");

template <>
struct Names<LogFormat> {
  static constexpr std::array<std::string_view, 2> all{"text", "json"};
};
static_assert(Names<LogFormat>::all[static_cast<std::size_t>(LogFormat::json)] == "json");

template <>
struct Names<LineEndings> {
  static constexpr std::array<std::string_view, 2> all{"keep", "strict"};
};
static_assert(Names<LineEndings>::all[static_cast<std::size_t>(LineEndings::strict)] == "strict");

template <>
struct Names<MaildropDriver> {
  static constexpr std::array<std::string_view, 5> all{"pop3", "maildir", "action_mailbox", "pipe", "smtp"};
};
static_assert(Names<MaildropDriver>::all[static_cast<std::size_t>(MaildropDriver::smtp)] == "smtp");

template <>
struct Names<RelayTls> {
  static constexpr std::array<std::string_view, 3> all{"never", "when_offered", "required"};
};
static_assert(Names<RelayTls>::all[static_cast<std::size_t>(RelayTls::required)] == "required");

template <>
struct Names<EarlyTalkers> {
  static constexpr std::array<std::string_view, 2> all{"tag", "refuse"};
};
static_assert(Names<EarlyTalkers>::all[static_cast<std::size_t>(EarlyTalkers::refuse)] == "refuse");

template <>
struct Names<Listed> {
  static constexpr std::array<std::string_view, 3> all{"tag", "defer", "refuse"};
};
static_assert(Names<Listed>::all[static_cast<std::size_t>(Listed::refuse)] == "refuse");

template <>
struct Names<RuleAction> {
  static constexpr std::array<std::string_view, 4> all{"deliver", "tag", "quarantine", "wait"};
};
static_assert(Names<RuleAction>::all[static_cast<std::size_t>(RuleAction::wait)] == "wait");

template <typename Enum>
Choice choice_of() {
  return {.names = Strings(Names<Enum>::all.begin(), Names<Enum>::all.end())};
}

inline Value to_value(bool field) {
  return field;
}
inline Value to_value(unsigned field) {
  return std::uint64_t{field};
}
inline Value to_value(std::uint64_t field) {
  return field;
}
inline Value to_value(const std::string& field) {
  return field;
}
inline Value to_value(const std::filesystem::path& field) {
  return field.string();
}
inline Value to_value(const Strings& field) {
  return field;
}
template <typename Enum>
requires std::is_enum_v<Enum> Value to_value(Enum field) {
  return std::string(Names<Enum>::all.at(static_cast<std::size_t>(field)));
}

inline void store(const Value& value, bool& field) {
  field = std::get<bool>(value);
}
// The range of an unsigned field is declared below and checked by the reader; a test tries its upper end.
inline void store(const Value& value, unsigned& field) {
  field = static_cast<unsigned>(std::get<std::uint64_t>(value));
}
inline void store(const Value& value, std::uint64_t& field) {
  field = std::get<std::uint64_t>(value);
}
inline void store(const Value& value, std::string& field) {
  field = std::get<std::string>(value);
}
inline void store(const Value& value, std::filesystem::path& field) {
  field = std::get<std::string>(value);
}
inline void store(const Value& value, Strings& field) {
  field = std::get<Strings>(value);
}
template <typename Enum>
requires std::is_enum_v<Enum>
void store(const Value& value, Enum& field) {
  const auto& names = Names<Enum>::all;
  field = static_cast<Enum>(std::ranges::find(names, std::get<std::string>(value)) - names.begin());
}

template <typename Part, typename Field>
Place at(Part Settings::*part, Field Part::*field) {
  return {.get = [=](const Settings& settings) { return to_value(settings.*part.*field); },
          .set = [=](Settings& settings, const Value& value) { store(value, settings.*part.*field); }};
}

template <typename Part, typename Field>
Place at(std::vector<Part> Settings::*parts, Field Part::*field) {
  return {
      .get = [=](const Settings& settings) { return to_value((settings.*parts).back().*field); },
      .set = [=](Settings& settings, const Value& value) { store(value, (settings.*parts).back().*field); }};
}

}  // namespace guichet::conf
