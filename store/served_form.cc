#include "store/served_form.h"

#include <algorithm>
#include <utility>

#include "store/check.h"
#include "store/line_ends.h"

namespace guichet::store {

namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::string_view renamed_prefix = "X-Inbound-";
constexpr std::string_view mailbox_name = "X-Mailbox-Line: ";
constexpr std::string_view own_names = "x-guichet-";

// Both bound what is held back before a decision. The first is the longest line of RFC 5322 section 2.1.1.
constexpr std::size_t name_octets_max = 998;
constexpr std::size_t empty_id_octets_max = 4096;
constexpr unsigned line_end_crs_max = 64;

constexpr bool is_white_space(char c) {
  return c == ' ' || c == '\t';
}

// RFC 5322 section 2.2: printable US-ASCII except colon.
constexpr bool is_name_octet(char c) {
  return c > ' ' && c < '\x7F' && c != ':';
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// `wanted` is in lower case.
bool is_named(std::string_view name, std::string_view wanted) {
  return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                    [](char c, char want) { return lower(c) == want; });
}

// Gathers small pieces, lets large ones through: a hostile header of a million short lines must not mean a
// few million calls of the sink.
class Output {
 public:
  Output() { gathered_.reserve(gathered_octets_max); }

  void write(std::string_view octets, const ServedTransform::Sink& sink) {
    octets_ += octets.size();
    if (gathered_.size() + octets.size() > gathered_octets_max) flush(sink);
    if (octets.size() >= large_octets) {
      flush(sink);
      sink(octets);
    } else {
      gathered_ += octets;
    }
  }

  void flush(const ServedTransform::Sink& sink) {
    if (!gathered_.empty()) sink(gathered_);
    gathered_.clear();
  }

  [[nodiscard]] std::uint64_t octets() const { return octets_; }

 private:
  static constexpr std::size_t large_octets = 512;
  static constexpr std::size_t gathered_octets_max = 4096;

  std::string gathered_;
  std::uint64_t octets_ = 0;
};

}  // namespace

std::vector<std::string> owned_fields() {
  return {"return-path", "envelope-to", "x-original-to", "authentication-results"};
}

// Rule 1. The octets are cut into texts without line ends, and line ends; each goes to the state below.
//
//                     ┌──────────────── line end ────────────────┐
//   line_start ─► name ─► value ──────────────────────────────────┤
//       │           └───► id_value ─► full: value                 │
//       │                    └─ line end ─► id_line_start ─► white space: id_value; else empty: line_start
//       └─ line end, or what is no field ─► body, for good
//
// What is not decided yet is in held_: the name of a field up to its colon, and after `Message-ID:` the white
// space that may turn out to be all there is.
struct ServedTransform::State {
  explicit State(ServedRule rule) : rule_(std::move(rule)) { GUICHET_CHECK(rule_.version == 1); }

  void feed(std::string_view rest, const Sink& sink);
  void finish(const Sink& sink);

  Facts facts;

 private:
  enum class Where { line_start, name, value, id_value, id_line_start, body };
  enum class LineEnd { whole, mended };

  void take_line_end(std::string_view& rest);
  void end_crs();
  void end_line(LineEnd kind);
  void take_text(std::string_view text);
  void begin_line(char first);
  void take_name(std::string_view text);
  void end_name(std::string_view after_colon);
  void take_id_value(std::string_view text);
  void end_id_line();

  void begin_body();
  void not_a_field(std::string_view rest);
  void mailbox_line(std::string_view rest);
  void id_is_full();
  void id_is_empty();

  [[nodiscard]] bool is_mailbox_line() const {
    constexpr std::string_view mark = "From ";
    return first_line_ && held_.ends_with(mark) && held_.find_first_not_of('>') == held_.size() - mark.size();
  }
  [[nodiscard]] bool must_rename(std::string_view name);
  [[nodiscard]] std::size_t id_value_octets() const { return held_.size() - id_value_at_; }
  void write(std::string_view octets) { output_.write(octets, *sink_); }
  void write_held() {
    write(held_);
    held_.clear();
  }

  ServedRule rule_;
  Output output_;
  const Sink* sink_ = nullptr;  // during feed() and finish()

  Where where_ = Where::line_start;
  bool first_line_ = true;  // nothing but mailbox lines so far
  bool in_mailbox_line_ = false;
  bool line_open_ = false;       // octets since the last line end
  unsigned crs_pending_ = 0;     // CRs that were last: each alone, or all before an LF
  bool auto_submitted_ = false;  // one has passed
  std::string held_;
  std::size_t id_value_at_ = 0;  // in held_, after the colon
};

void ServedTransform::State::feed(std::string_view rest, const Sink& sink) {
  sink_ = &sink;
  if (crs_pending_ > 0) take_line_end(rest);
  while (!rest.empty()) {
    const std::size_t octets = where_ == Where::body ? clean_octets(rest) : line_octets(rest);
    if (octets > 0) take_text(rest.substr(0, octets));
    rest.remove_prefix(octets);
    if (!rest.empty()) take_line_end(rest);
  }
  output_.flush(sink);
}

void ServedTransform::State::finish(const Sink& sink) {
  sink_ = &sink;
  end_crs();
  if (where_ == Where::name) not_a_field({});
  if (where_ == Where::id_value || where_ == Where::id_line_start) id_is_empty();
  if (line_open_) end_line(LineEnd::mended);
  output_.flush(sink);
  facts.octets = output_.octets();
}

void ServedTransform::State::take_line_end(std::string_view& rest) {
  for (; !rest.empty() && rest.front() == '\r'; rest.remove_prefix(1)) {
    if (crs_pending_ == line_end_crs_max)
      end_line(LineEnd::mended);
    else
      ++crs_pending_;
  }
  if (rest.empty()) return;
  if (rest.front() != '\n') return end_crs();
  rest.remove_prefix(1);
  end_line(std::exchange(crs_pending_, 0) == 1 ? LineEnd::whole : LineEnd::mended);
}

// No LF came after them.
void ServedTransform::State::end_crs() {
  for (; crs_pending_ > 0; --crs_pending_)
    end_line(LineEnd::mended);
}

void ServedTransform::State::end_line(LineEnd kind) {
  if (kind == LineEnd::mended) ++facts.line_ends_mended;
  line_open_ = false;
  switch (where_) {
    case Where::line_start:
      where_ = Where::body;
      break;
    case Where::name:
      not_a_field({});
      break;
    case Where::value:
      where_ = Where::line_start;
      break;
    case Where::id_value:
      end_id_line();
      return;
    case Where::id_line_start:
      id_is_empty();
      where_ = Where::body;
      break;
    case Where::body:
      break;
  }
  first_line_ = std::exchange(in_mailbox_line_, false);
  write(crlf);
}

void ServedTransform::State::take_text(std::string_view text) {
  line_open_ = text.back() != '\n';
  if (where_ == Where::line_start || where_ == Where::id_line_start) begin_line(text.front());
  switch (where_) {
    case Where::name:
      take_name(text);
      break;
    case Where::id_value:
      take_id_value(text);
      break;
    case Where::value:
    case Where::body:
      write(text);
      break;
    case Where::line_start:
    case Where::id_line_start:
      break;
  }
}

void ServedTransform::State::begin_line(char first) {
  const bool in_id = where_ == Where::id_line_start;
  if (is_white_space(first)) {
    where_ = in_id ? Where::id_value : Where::value;
    if (first_line_) begin_body();
    return;
  }
  if (in_id) id_is_empty();
  where_ = Where::name;
}

void ServedTransform::State::take_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool after_space = !held_.empty() && is_white_space(held_.back());
    const bool fits = c == ':' || is_white_space(c) ? !held_.empty() : is_name_octet(c) && !after_space;
    if (!fits || held_.size() == name_octets_max) return not_a_field(text.substr(i));
    held_ += c;
    if (c == ':') return end_name(text.substr(i + 1));
    if (is_mailbox_line()) return mailbox_line(text.substr(i + 1));
  }
}

void ServedTransform::State::end_name(std::string_view after_colon) {
  std::string_view name = held_;
  name = name.substr(0, name.find_first_of(": \t"));
  if (is_named(name, "message-id")) {
    where_ = Where::id_value;
    id_value_at_ = held_.size();
  } else {
    where_ = Where::value;
    if (must_rename(name)) {
      ++facts.fields_renamed;
      write(renamed_prefix);
    }
    write_held();
  }
  if (!after_colon.empty()) take_text(after_colon);
}

bool ServedTransform::State::must_rename(std::string_view name) {
  const bool again = is_named(name, "auto-submitted") && std::exchange(auto_submitted_, true);
  return again || is_named(name.substr(0, own_names.size()), own_names) ||
         std::any_of(rule_.owned.begin(), rule_.owned.end(),
                     [&](const auto& owned) { return is_named(name, owned); });
}

void ServedTransform::State::take_id_value(std::string_view text) {
  const std::size_t room = empty_id_octets_max - id_value_octets();
  const std::size_t white = std::min(text.find_first_not_of(" \t"), text.size());
  if (white < std::min(text.size(), room)) {
    id_is_full();
    write(text);
  } else if (white < room) {
    held_ += text;
  } else {
    id_is_empty();
    write(text);
  }
}

void ServedTransform::State::end_id_line() {
  held_ += crlf;
  first_line_ = false;
  where_ = Where::id_line_start;
  if (id_value_octets() < empty_id_octets_max) return;
  id_is_empty();
  where_ = Where::line_start;
}

void ServedTransform::State::begin_body() {
  write(crlf);
  where_ = Where::body;
}

void ServedTransform::State::not_a_field(std::string_view rest) {
  begin_body();
  write_held();
  write(rest);
}

void ServedTransform::State::mailbox_line(std::string_view rest) {
  write(mailbox_name);
  write_held();
  write(rest);
  where_ = Where::value;
  in_mailbox_line_ = true;
}

void ServedTransform::State::id_is_full() {
  facts.has_message_id = true;
  write_held();
  where_ = Where::value;
}

void ServedTransform::State::id_is_empty() {
  ++facts.fields_renamed;
  write(renamed_prefix);
  write_held();
  where_ = Where::value;
}

ServedTransform::ServedTransform(ServedRule rule) : state_(std::make_unique<State>(std::move(rule))) {}
ServedTransform::~ServedTransform() = default;
ServedTransform::ServedTransform(ServedTransform&&) noexcept = default;
ServedTransform& ServedTransform::operator=(ServedTransform&&) noexcept = default;

void ServedTransform::feed(std::string_view original, const Sink& sink) {
  state_->feed(original, sink);
}
void ServedTransform::finish(const Sink& sink) {
  state_->finish(sink);
}
const ServedTransform::Facts& ServedTransform::facts() const {
  return state_->facts;
}

}  // namespace guichet::store
