// The mbox format (RFC 4155): messages one after the other, each begun by a From_ line and ended by an empty
// line that is not its own.
//
// So that no line of a message looks like a From_ line, writers put ">" before it, in two dialects that a
// file does not name: mboxrd before every line of ">"s and "From ", mboxo (Postfix, Exim) before "From "
// alone. They agree on ">From "; a line that begins ">>From " had one ">" less in the one and is as it was in
// the other. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace guichet::cli {

enum class FromQuoting {
  unsaid,  // as mboxo, and the messages in which that matters are marked
  mboxrd,
  mboxo,
  none,  // nothing was quoted (mboxcl2)
};

// In any cut into pieces: begin, octets…, end; again for the next message.
class MboxReader {
 public:
  struct Ended {
    bool ambiguous = false;  // it holds a line that the two dialects read differently, and none was said
  };
  struct Events {
    std::function<void(std::string_view from_line, std::uint64_t offset)> begin;  // offset of the From_ line
    std::function<void(std::string_view octets)> octets;  // exact but for the quoting; views live in the call
    std::function<void(Ended)> end;
  };

  MboxReader(FromQuoting quoting, Events events) : quoting_(quoting), events_(std::move(events)) {}

  void feed(std::string_view octets);
  void finish();
  // What stood before the first From_ line. Not 0: this is no mbox, or its beginning is missing.
  [[nodiscard]] std::uint64_t octets_outside() const { return octets_outside_; }

 private:
  void take_line(std::string_view line);
  void end_message();
  [[nodiscard]] std::string_view unquoted(std::string_view line);

  const FromQuoting quoting_;
  const Events events_;
  std::string partial_;     // a line whose end has not come
  std::string empty_line_;  // held back: it is the mbox's own when a From_ line or the end follows
  std::uint64_t offset_ = 0, octets_outside_ = 0;
  bool inside_ = false, after_empty_ = true, ambiguous_ = false;
};

// The other way, always mboxrd. A message without a final line end gets one: an mbox has no other way.
class MboxWriter {
 public:
  using Sink = std::function<void(std::string_view octets)>;
  explicit MboxWriter(Sink sink) : sink_(std::move(sink)) {}

  void begin(std::string_view from_line);  // without its end
  void feed(std::string_view octets);
  // True when a final line end had to be added.
  bool end();

 private:
  void write(std::string_view octets);
  const Sink sink_;
  std::string start_;  // of a line of which it is not known yet whether it is to be quoted
  bool at_start_ = true;
  char last_ = '\n';
};

}  // namespace guichet::cli
