#include "filters/dkim_canon.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "filters/ascii.h"
#include "filters/domain_name.h"
#include "filters/message.h"

namespace guichet::filters {
namespace {

constexpr std::size_t piece_octets = 16 * 1024;  // gathered before the sink is called
constexpr std::string_view line_end = "\r\n";

// Takes one line and its end off the front. The rule of filters/message.h.
std::string_view take_line(std::string_view& octets) {
  const auto end =
      static_cast<std::size_t>(std::find_if(octets.begin(), octets.end(), is_line_end) - octets.begin());
  const auto line = octets.substr(0, end);
  octets.remove_prefix(end);
  if (!octets.empty()) octets.remove_prefix(line_end_octets(octets, 0));
  return line;
}

// Appends with each run of white space as one space, and none at the end.
void append_relaxed(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto blank = std::min(text.find_first_of(" \t", at), text.size());
    out.append(text.substr(at, blank - at));
    at = blank;
    while (at < text.size() && is_blank(text[at]))
      ++at;
    if (at > blank && at < text.size()) out += ' ';
  }
}

// Line ends go, what stands around them stays: RFC 6376 3.4.2, "unfold".
std::string without_line_ends(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return !is_line_end(c); });
  return out;
}

class BodyWriter {
 public:
  BodyWriter(Canonicalization how, const BodySink& sink) : how_(how), sink_(sink) {}

  // Empty lines at the end of a body do not count: the end of a line is written when another one follows.
  void line(std::string_view text) {
    if (how_ == Canonicalization::relaxed) {
      relaxed_.clear();
      append_relaxed(relaxed_, text);
      text = relaxed_;
    }
    if (!text.empty()) {
      for (; ends_owed_ > 0; --ends_owed_)
        put(line_end);
      put(text);
    }
    ++ends_owed_;
  }

  // RFC 6376 3.4.3: an empty body is CRLF in the simple form; 3.4.4: it stays empty in the relaxed one.
  void finish() {
    if (any_ || how_ == Canonicalization::simple) put(line_end);
    flush();
  }

  [[nodiscard]] bool wanted() const { return wanted_; }

 private:
  void put(std::string_view octets) {
    any_ = true;
    if (!wanted_) return;
    out_.append(octets);
    if (out_.size() >= piece_octets) flush();
  }

  void flush() {
    if (wanted_ && !out_.empty()) wanted_ = sink_(out_);
    out_.clear();
  }

  const Canonicalization how_;
  const BodySink& sink_;
  std::string out_, relaxed_;
  std::uint64_t ends_owed_ = 0;
  bool any_ = false;
  bool wanted_ = true;
};

}  // namespace

void append_canonical(std::string& out, Canonicalization how, const HeaderField& field) {
  if (how == Canonicalization::relaxed) {
    const auto value = without_line_ends(field.value);
    const auto first = std::min(value.find_first_not_of(" \t"), value.size());
    out.append(lower_case(field.name)).append(":");
    append_relaxed(out, std::string_view(value).substr(first));
  } else {
    auto rest = field.whole;
    for (out.append(take_line(rest)); !rest.empty();)
      out.append(line_end).append(take_line(rest));
  }
  out.append(line_end);
}

void canonical_body(Canonicalization how, std::string_view body, const BodySink& sink) {
  BodyWriter writer(how, sink);
  while (!body.empty() && writer.wanted())
    writer.line(take_line(body));
  writer.finish();
}

}  // namespace guichet::filters
