#include "cli/mbox.h"

#include "cli/mail_date.h"

namespace guichet::cli {
namespace {

bool is_empty_line(std::string_view line) {
  return line == "\n" || line == "\r\n";
}

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// How many ">" stand before "From "; npos: it is no such line.
std::size_t quotes_of(std::string_view line) {
  const auto quotes = line.find_first_not_of('>');
  if (quotes == std::string_view::npos || !line.substr(quotes).starts_with("From "))
    return std::string_view::npos;
  return quotes;
}

}  // namespace

// --- Reading -------------------------------------------------------------------------------------------

void MboxReader::feed(std::string_view octets) {
  while (!octets.empty()) {
    const auto end = octets.find('\n');
    if (end == std::string_view::npos) {
      partial_.append(octets);
      return;
    }
    const auto piece = octets.substr(0, end + 1);
    octets.remove_prefix(end + 1);
    if (partial_.empty()) {
      take_line(piece);
      continue;
    }
    partial_.append(piece);
    take_line(partial_);
    partial_.clear();
  }
}

void MboxReader::finish() {
  if (!partial_.empty()) take_line(partial_);
  partial_.clear();
  if (inside_) end_message();
}

void MboxReader::take_line(std::string_view line) {
  const auto offset = offset_;
  offset_ += line.size();
  // A "From " that is followed by no date is text that somebody's mailer did not quote.
  if (after_empty_ && line.starts_with("From ") && parse_from_line(without_end(line))) {
    if (inside_) end_message();
    inside_ = true;
    after_empty_ = false;
    events_.begin(without_end(line), offset);
    return;
  }
  after_empty_ = is_empty_line(line) || (after_empty_ && !inside_);
  if (!inside_) {
    octets_outside_ += is_empty_line(line) ? 0 : line.size();
    return;
  }
  if (!empty_line_.empty()) events_.octets(empty_line_);
  empty_line_.clear();
  if (is_empty_line(line))
    empty_line_ = line;
  else
    events_.octets(unquoted(line));
}

void MboxReader::end_message() {
  empty_line_.clear();
  inside_ = false;
  events_.end({ambiguous_});
  ambiguous_ = false;
}

std::string_view MboxReader::unquoted(std::string_view line) {
  const auto quotes = quotes_of(line);
  if (quoting_ == FromQuoting::none || quotes == std::string_view::npos || quotes == 0) return line;
  if (quotes > 1 && quoting_ == FromQuoting::unsaid) ambiguous_ = true;
  if (quotes == 1 || quoting_ == FromQuoting::mboxrd) line.remove_prefix(1);
  return line;
}

// --- Writing -------------------------------------------------------------------------------------------

void MboxWriter::begin(std::string_view from_line) {
  sink_(from_line);
  sink_("\n");
  start_.clear();
  at_start_ = true;
  last_ = '\n';
}

void MboxWriter::feed(std::string_view octets) {
  constexpr std::string_view from = "From ";
  for (std::size_t at = 0; at < octets.size();) {
    if (!at_start_) {
      const auto end = octets.find('\n', at);
      const auto next = end == std::string_view::npos ? octets.size() : end + 1;
      write(octets.substr(at, next - at));
      at_start_ = end != std::string_view::npos;
      at = next;
      continue;
    }
    start_ += octets[at++];
    const auto word = std::string_view(start_).substr(std::min(start_.find_first_not_of('>'), start_.size()));
    if (word != from && from.starts_with(word)) continue;
    if (word == from) sink_(">");
    write(start_);
    at_start_ = start_.back() == '\n';
    start_.clear();
  }
}

bool MboxWriter::end() {
  write(start_);
  start_.clear();
  const bool added = last_ != '\n';
  if (added) sink_("\n");
  sink_("\n");
  return added;
}

void MboxWriter::write(std::string_view octets) {
  if (octets.empty()) return;
  last_ = octets.back();
  sink_(octets);
}

}  // namespace guichet::cli
