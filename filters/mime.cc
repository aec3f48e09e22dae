#include "filters/mime.h"

#include "filters/mime_charset.h"
#include "filters/mime_class.h"
#include "filters/mime_decoder.h"
#include "filters/mime_header.h"
#include "filters/mime_marks.h"
#include "filters/mime_walk.h"
#include "filters/mime_words.h"
#include "store/hash.h"

namespace guichet::filters {
namespace {

constexpr std::size_t text_octets_max = 1000;  // as findings.h has it

std::string text_of(const Message& message, std::string_view name) {
  const auto values = message.values(name);
  return values.empty() ? std::string() : decoded_words(values.front(), text_octets_max);
}

PartFinding look_into(std::string_view octets, Entity&& entity) {
  ContentMarks marks;
  store::Sha256 hasher;
  PartFinding part;
  const auto encoded = octets.substr(entity.offset, entity.length);
  const bool is_message = entity.kind == Entity::Kind::message;  // its parts are looked into themselves
  const bool whole = decode(encoded, transfer_encoding(entity.encoding), [&](std::string_view piece) {
    part.size_octets += piece.size();
    hasher.update(piece);
    if (!is_message) marks.see(piece);
  });
  part.digest = "sha256:" + hasher.finish().hex();
  part.flags = marks.flags(entity);
  if (!whole) part.flags.emplace_back("undecodable");
  part.number = std::move(entity.number);
  part.type = std::move(entity.type);
  part.name = std::move(entity.name);
  part.charset = std::move(entity.charset);
  part.disposition = std::move(entity.disposition);
  part.encoding = std::move(entity.encoding);
  part.offset = entity.offset;
  part.length = entity.length;
  return part;
}

void read_parts(std::string_view octets, MimeFinding& finding) {
  auto walked = walk(octets);
  finding.too_complex = std::move(walked.too_complex);
  std::uint64_t digested_octets = 0;
  for (auto& entity : walked.entities) {
    digested_octets += entity.length;
    if (digested_octets > digested_octets_max) {
      finding.too_complex = "messages in messages of more than 400 MB together";
      return;
    }
    finding.parts.push_back(look_into(octets, std::move(entity)));
  }
}

}  // namespace

void prepare_inventory() {
  prepare_charsets();
  static_cast<void>(store::sha256({}));
}

MimeFinding inventory(std::string_view octets) {
  MimeFinding finding;
  read_parts(octets, finding);
  const auto message = split_header(octets);
  finding.subject = text_of(message, "Subject");
  finding.from = text_of(message, "From");
  finding.to = text_of(message, "To");
  finding.date = text_of(message, "Date");
  finding.message_id = text_of(message, "Message-ID");
  finding.in_reply_to = text_of(message, "In-Reply-To");
  finding.auto_submitted = text_of(message, "Auto-Submitted");
  finding.message_class = message_class(octets, message, finding.parts, finding.subject);
  return finding;
}

}  // namespace guichet::filters
