#include "store/types.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "store/hex.h"

namespace guichet::store {

namespace {

// A UUID is written in groups of 4, 2, 2, 2 and 6 octets (RFC 9562 section 4).
constexpr std::array<std::size_t, 5> uuid_groups = {4, 2, 2, 2, 6};
constexpr std::size_t uuid_text_octets = 36;

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_us = 86'400 * second_us;

using Days = std::chrono::sys_days;

constexpr std::int64_t start_of_year_us(int year) {
  return Days{std::chrono::year{year} / 1 / 1}.time_since_epoch().count() * day_us;
}

// RFC 3339 has four digits for the year. An instant outside can only come from damage; it is shown as the
// nearest one that has a text.
constexpr std::int64_t earliest_us = start_of_year_us(0);
constexpr std::int64_t latest_us = start_of_year_us(10'000) - 1;

char* write_number(char* out, std::int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10)
    out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

// Takes text from the front, or remembers that it could not.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::int64_t number(std::size_t digits) {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < digits; ++i)
      value = value * 10 + digit();
    return value;
  }

  void expect(char wanted) { good_ = take(wanted) && good_; }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Digits up to the first other octet, as millionths; what is finer is cut off.
  std::int64_t fraction_us() {
    std::int64_t value = digit() * 100'000;
    for (std::int64_t unit = 10'000; at_digit(); unit /= 10)
      value += digit() * unit;
    return value;
  }

  [[nodiscard]] bool at_digit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  [[nodiscard]] bool good_to_the_end() const { return good_ && rest_.empty(); }

 private:
  std::int64_t digit() {
    if (!at_digit()) {
      good_ = false;
      return 0;
    }
    const std::int64_t value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool good_ = true;
};

std::optional<std::int64_t> days_since_epoch(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return Days{date}.time_since_epoch().count();
}

}  // namespace

std::string Digest::hex() const {
  std::string text;
  append_hex(text);
  return text;
}

void Digest::append_hex(std::string& out) const {
  std::array<char, 2 * sizeof octets> digits;
  write_hex(digits.data(), octets);
  out.append(digits.data(), digits.size());
}

std::optional<Digest> Digest::from_hex(std::string_view text) {
  Digest digest;
  if (!read_hex(text, digest.octets)) return std::nullopt;
  return digest;
}

std::string Uuid::text() const {
  std::string text;
  append_text(text);
  return text;
}

void Uuid::append_text(std::string& out) const {
  std::array<char, uuid_text_octets + 1> text;
  char* end = text.data();
  std::span<const std::uint8_t> rest = octets;
  for (const std::size_t group : uuid_groups) {
    end = write_hex(end, rest.first(group));
    *end++ = '-';
    rest = rest.subspan(group);
  }
  out.append(text.data(), uuid_text_octets);
}

std::optional<Uuid> Uuid::from_text(std::string_view text) {
  if (text.size() != uuid_text_octets) return std::nullopt;
  Uuid uuid;
  std::span<std::uint8_t> rest = uuid.octets;
  for (const std::size_t group : uuid_groups) {
    if (!read_hex(text.substr(0, 2 * group), rest.first(group))) return std::nullopt;
    text.remove_prefix(2 * group);
    rest = rest.subspan(group);
    if (rest.empty()) break;
    if (text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
  }
  return uuid;
}

std::string Instant::rfc3339() const {
  std::string text;
  append_rfc3339(text);
  return text;
}

void Instant::append_rfc3339(std::string& appended) const {
  const std::int64_t us = std::clamp(unix_us, earliest_us, latest_us);
  const std::int64_t day = us >= 0 ? us / day_us : (us + 1) / day_us - 1;
  const std::int64_t in_day = us - day * day_us;
  const std::chrono::year_month_day date{Days{std::chrono::days{day}}};

  std::array<char, 28> text{"0000-00-00T00:00:00.000000Z"};
  char* const out = text.data();
  write_number(out, static_cast<int>(date.year()), 4);
  write_number(out + 5, static_cast<unsigned>(date.month()), 2);
  write_number(out + 8, static_cast<unsigned>(date.day()), 2);
  write_number(out + 11, in_day / (3600 * second_us), 2);
  write_number(out + 14, in_day / (60 * second_us) % 60, 2);
  write_number(out + 17, in_day / second_us % 60, 2);
  write_number(out + 20, in_day % second_us, 6);
  appended.append(text.data(), text.size() - 1);
}

std::optional<Instant> Instant::from_rfc3339(std::string_view text) {
  Reader read(text);
  const std::int64_t year = read.number(4);
  read.expect('-');
  const std::int64_t month = read.number(2);
  read.expect('-');
  const std::int64_t day = read.number(2);
  read.expect('T');
  const std::int64_t hour = read.number(2);
  read.expect(':');
  const std::int64_t minute = read.number(2);
  read.expect(':');
  const std::int64_t second = read.number(2);
  const std::int64_t fraction_us = read.take('.') ? read.fraction_us() : 0;
  read.expect('Z');

  const std::optional<std::int64_t> days = days_since_epoch(year, month, day);
  if (!read.good_to_the_end() || !days || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return Instant{*days * day_us + ((hour * 60 + minute) * 60 + second) * second_us + fraction_us};
}

}  // namespace guichet::store

// The octets of a SHA-256 are as good as any hash of them.
std::size_t std::hash<guichet::store::Digest>::operator()(
    const guichet::store::Digest& digest) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, digest.octets.data(), sizeof value);
  return value;
}
