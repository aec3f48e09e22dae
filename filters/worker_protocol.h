// What the frames of filters/wire.h carry besides findings, as JSON. The gateway's half is trusted by nobody
// either: each side checks what it reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "filters/findings.h"
#include "filters/names.h"

namespace guichet::filters {

// One message, and what to do with it.
struct Request {
  enum class Kind { examine, extract };
  Kind kind = Kind::examine;
  Envelope envelope = {};  // to examine
  std::string part = {};   // to extract: its number in the inventory, "1.2"
  friend bool operator==(const Request& a, const Request& b) {
    return a.kind == b.kind && a.part == b.part && a.envelope.client == b.envelope.client &&
           a.envelope.helo == b.envelope.helo && a.envelope.mail_from == b.envelope.mail_from &&
           a.envelope.hostname == b.envelope.hostname &&
           a.envelope.received_unix_s == b.envelope.received_unix_s;
  }
};

// What a worker is at, in one octet.
enum class Stage : char {
  beginning = 'B',
  spf = 'S',
  dkim = 'K',
  dmarc = 'D',
  reverse = 'R',
  parts = 'P',
  part = 'X'
};
[[nodiscard]] bool is_stage(std::string_view payload);
// "while it read the parts": goes after what happened.
[[nodiscard]] std::string_view words_for(Stage stage);

inline constexpr std::size_t questions_max = 64;  // in one `expect`

[[nodiscard]] std::string encode_request(const Request& request);
[[nodiscard]] tl::expected<Request, std::string> decode_request(std::string_view json);
[[nodiscard]] std::string encode_question(const NameQuestion& question);
[[nodiscard]] tl::expected<NameQuestion, std::string> decode_question(std::string_view json);
[[nodiscard]] std::string encode_questions(const std::vector<NameQuestion>& questions);
[[nodiscard]] tl::expected<std::vector<NameQuestion>, std::string> decode_questions(std::string_view json);
[[nodiscard]] std::string encode_answer(const NameAnswer& answer);
[[nodiscard]] tl::expected<NameAnswer, std::string> decode_answer(std::string_view json);

}  // namespace guichet::filters
