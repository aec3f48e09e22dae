#include "filters/worker_protocol.h"

#include <array>

#include "filters/names_json.h"

namespace guichet::filters {

using json::Is;
using json::name_octets_max;

namespace {

struct StageWords {
  Stage stage;
  std::string_view words;
};
constexpr std::array<StageWords, 7> stage_words{{{Stage::beginning, "before it looked at the message"},
                                                 {Stage::spf, "while it looked at SPF"},
                                                 {Stage::dkim, "while it looked at DKIM"},
                                                 {Stage::dmarc, "while it looked at DMARC"},
                                                 {Stage::reverse, "while it looked for the client's name"},
                                                 {Stage::parts, "while it read the parts"},
                                                 {Stage::part, "while it took out a part"}}};

constexpr std::array<std::string_view, 2> kind_words{"examine", "extract"};

}  // namespace

// These stand beside the shapes, not in the unnamed namespace, where json_fields.h would not find them.

struct QuestionList {
  std::vector<NameQuestion> questions;
};

std::string_view word_of(Request::Kind kind) {
  return kind_words.at(static_cast<std::size_t>(kind));
}

bool read_word(std::string_view word, Request::Kind& kind) {
  for (const auto known : {Request::Kind::examine, Request::Kind::extract}) {
    if (word != word_of(known)) continue;
    kind = known;
    return true;
  }
  return false;
}

template <class Visit, Is<Request> Shape>
void members(Visit& visit, Shape& request) {
  visit.word("kind", request.kind);
  visit.text("client", request.envelope.client, name_octets_max);
  visit.text("helo", request.envelope.helo);
  visit.text("mail_from", request.envelope.mail_from);
  visit.text("hostname", request.envelope.hostname, name_octets_max);
  visit.number("received_unix_s", request.envelope.received_unix_s);
  visit.text("part", request.part, name_octets_max);
}

template <class Visit, Is<QuestionList> Shape>
void members(Visit& visit, Shape& list) {
  visit.shapes("questions", list.questions, questions_max);
}

bool is_stage(std::string_view payload) {
  if (payload.size() != 1) return false;
  for (const auto& known : stage_words)
    if (static_cast<char>(known.stage) == payload.front()) return true;
  return false;
}

std::string_view words_for(Stage stage) {
  for (const auto& known : stage_words)
    if (known.stage == stage) return known.words;
  return "";
}

std::string encode_request(const Request& request) {
  return json::encode(request);
}

tl::expected<Request, std::string> decode_request(std::string_view text) {
  return json::decode<Request>(text);
}

std::string encode_question(const NameQuestion& question) {
  return json::encode(question);
}

tl::expected<NameQuestion, std::string> decode_question(std::string_view text) {
  return json::decode<NameQuestion>(text);
}

std::string encode_questions(const std::vector<NameQuestion>& questions) {
  return json::encode(QuestionList{questions});
}

tl::expected<std::vector<NameQuestion>, std::string> decode_questions(std::string_view text) {
  auto list = json::decode<QuestionList>(text);
  if (!list) return tl::unexpected(list.error());
  return std::move(list->questions);
}

std::string encode_answer(const NameAnswer& answer) {
  return json::encode(answer);
}

tl::expected<NameAnswer, std::string> decode_answer(std::string_view text) {
  return json::decode<NameAnswer>(text);
}

}  // namespace guichet::filters
