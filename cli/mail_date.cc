#include "cli/mail_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <vector>

namespace guichet::cli {
namespace {

using store::Instant;

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Zone {
  std::string_view name;
  int hours;
};
// RFC 5322 4.3: what is not in the list is UTC.
constexpr std::array<Zone, 10> zones{{{"edt", -4},
                                      {"est", -5},
                                      {"cdt", -5},
                                      {"cst", -6},
                                      {"mdt", -6},
                                      {"mst", -7},
                                      {"pdt", -7},
                                      {"pst", -8},
                                      {"bst", 1},
                                      {"cest", 2}}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
    if (blank && !words.back().empty()) words.emplace_back();
    if (!blank) words.back() += c;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

std::optional<int> month_of(std::string_view word) {
  const auto found = std::ranges::find(months, lower(word.substr(0, 3)));
  if (word.size() < 3 || found == months.end()) return std::nullopt;
  return static_cast<int>(found - months.begin());
}

// "16:39:38" or "16:39"
bool read_time(std::string_view word, std::tm& into) {
  const auto first = word.find(':');
  if (first == std::string_view::npos) return false;
  const auto second = word.find(':', first + 1);
  const auto hour = number(word.substr(0, first));
  const auto minute = number(word.substr(first + 1, second - first - 1));
  const auto seconds = second == std::string_view::npos ? 0 : number(word.substr(second + 1));
  if (!hour || !minute || !seconds || *hour > 23 || *minute > 59 || *seconds > 60) return false;
  into.tm_hour = *hour;
  into.tm_min = *minute;
  into.tm_sec = *seconds;
  return true;
}

// RFC 5322 4.3: two digits below 50 are of this century; three count from 1900.
int full_year(int year) {
  if (year < 50) return year + 2000;
  return year < 1000 ? year + 1900 : year;
}

int offset_s(std::string_view word) {
  if (word.size() == 5 && (word[0] == '+' || word[0] == '-')) {
    const auto digits = number(word.substr(1));
    if (!digits) return 0;
    const int seconds = (*digits / 100 * 60 + *digits % 100) * 60;
    return word[0] == '-' ? -seconds : seconds;
  }
  const auto found = std::ranges::find(zones, lower(word), &Zone::name);
  return found == zones.end() ? 0 : found->hours * 3600;
}

std::optional<Instant> instant_of(std::tm date, int year, int zone_s) {
  if (date.tm_mday < 1 || date.tm_mday > 31 || year < 1970 || year > 9999) return std::nullopt;
  date.tm_year = year - 1900;
  const auto month = date.tm_mon;
  const auto seconds = ::timegm(&date);
  if (date.tm_mon != month) return std::nullopt;  // 31 February
  return Instant{(static_cast<std::int64_t>(seconds) - zone_s) * 1'000'000};
}

}  // namespace

std::optional<Instant> parse_mail_date(std::string_view text) {
  if (const auto semicolon = text.rfind(';'); semicolon != std::string_view::npos)
    text.remove_prefix(semicolon + 1);
  auto words = words_of(text);
  if (!words.empty() && !number(words.front())) words.erase(words.begin());
  if (words.size() < 4) return std::nullopt;
  std::tm date{};
  const auto day = number(words[0]), year = number(words[2]);
  const auto month = month_of(words[1]);
  if (!day || !month || !year || !read_time(words[3], date)) return std::nullopt;
  date.tm_mday = *day;
  date.tm_mon = *month;
  return instant_of(date, full_year(*year), words.size() > 4 ? offset_s(words[4]) : 0);
}

std::optional<Instant> parse_from_line(std::string_view line) {
  if (!line.starts_with("From ")) return std::nullopt;
  auto words = words_of(line.substr(5));
  // "Wed Oct 3 16:39:35 2012", and what some write after it or before the year: a zone
  for (std::size_t at = 1; at + 3 < words.size(); ++at) {
    std::tm date{};
    const auto month = month_of(words[at]);
    const auto day = number(words[at + 1]);
    if (!month || !day || !read_time(words[at + 2], date)) continue;
    auto year = number(words[at + 3]);
    if (!year && at + 4 < words.size()) year = number(words[at + 4]);
    if (!year || *year < 1970) return std::nullopt;
    date.tm_mday = *day;
    date.tm_mon = *month;
    return instant_of(date, *year, 0);
  }
  return std::nullopt;
}

std::string sender_of_from_line(std::string_view line) {
  const auto words = words_of(line);
  if (words.size() < 2 || words[1] == "MAILER-DAEMON" || words[1].find('@') == std::string::npos) return "";
  return words[1];
}

std::string from_line(std::string_view sender, Instant at) {
  std::string word(sender.empty() ? "MAILER-DAEMON" : sender);
  std::ranges::replace_if(
      word, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }, '-');
  const auto seconds = static_cast<std::time_t>(at.unix_us / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  const auto month = months.at(static_cast<std::size_t>(utc.tm_mon));
  char text[64];
  std::snprintf(text, sizeof text, " %s %c%s %2d %02d:%02d:%02d %04d",
                days.at(static_cast<std::size_t>(utc.tm_wday)).data(), month[0] - 'a' + 'A',
                month.substr(1).data(), utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, utc.tm_year + 1900);
  return "From " + word + text;
}

}  // namespace guichet::cli
