#include "filters/examine.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/author.h"
#include "filters/dmarc.h"
#include "filters/ip_address.h"
#include "filters/message.h"
#include "filters/mime.h"
#include "filters/mime_extract.h"
#include "filters/reverse.h"
#include "filters/spf.h"

namespace guichet::filters {
namespace {

std::string domain_of(const Envelope& envelope) {
  const auto& from = envelope.mail_from;
  return from.empty() ? envelope.helo : from.substr(from.rfind('@') + 1);
}

// The names that are asked for whatever comes of them.
std::vector<NameQuestion> first_questions(const Envelope& envelope, const Author& author,
                                          const PublicSuffix& suffixes) {
  std::vector<NameQuestion> questions;
  if (const auto domain = domain_of(envelope); !domain.empty()) questions.push_back({domain, NameType::txt});
  if (!author.domain.empty()) questions.push_back({"_dmarc." + author.domain, NameType::txt});
  const auto organization = suffixes.organizational_domain(author.domain);
  if (!organization.empty() && organization != author.domain)
    questions.push_back({"_dmarc." + organization, NameType::txt});
  if (const auto client = parse_client(envelope.client))
    questions.push_back({pointer_name(*client), NameType::ptr});
  return questions;
}

SpfQuestion spf_question(const Envelope& envelope) {
  return {.client = envelope.client,
          .helo = envelope.helo,
          .mail_from = envelope.mail_from,
          .hostname = envelope.hostname,
          .received_unix_s = envelope.received_unix_s};
}

template <class Set>
void tell_piece(Tell& tell, Set set) {
  Findings piece;
  set(piece);
  tell.found(piece);
}

void take_out(const Request& request, std::string_view octets, Tell& tell) {
  tell.begins(Stage::part);
  const auto mime = inventory(octets);
  for (const auto& part : mime.parts)
    if (part.number == request.part)
      return void(extract(octets, part, [&](std::string_view piece) { tell.octets(piece); }));
  tell_piece(tell, [](Findings& piece) { piece.errors = {"the message has no such part"}; });
}

}  // namespace

Examiner::Examiner(ExamineOptions options) : options_(options) {
  prepare_inventory();
}

// Keys and policy before SPF, whose record is a stranger's: it may use up what is left of questions and time.
void Examiner::authenticate(const Envelope& envelope, const Message& message, Names& names,
                            Tell& tell) const {
  tell.begins(Stage::dkim);
  const auto author = author_of(message);
  names.expect(first_questions(envelope, author, suffixes_));
  auto [signatures, left_out] = dkim_.verify(message, names, envelope.received_unix_s);
  mark_author(author, suffixes_, signatures);
  tell_piece(tell, [&, count = left_out](Findings& piece) {
    piece.dkim = signatures;
    piece.dkim_done = true;
    piece.dkim_left_out = count;
  });
  (void)evaluate_dmarc(author, std::nullopt, {}, names, suffixes_);  // so that its answers are there
  tell.begins(Stage::spf);
  const auto spf = envelope.client.empty() ? SpfFinding() : check_spf(names, spf_question(envelope));
  tell_piece(tell, [&](Findings& piece) { piece.spf = spf; });
  tell.begins(Stage::dmarc);
  const auto dmarc = evaluate_dmarc(author, spf, signatures, names, suffixes_);
  tell_piece(tell, [&](Findings& piece) { piece.dmarc = dmarc; });
  if (envelope.client.empty()) return;
  tell.begins(Stage::reverse);
  const auto reverse = evaluate_reverse(envelope.client, names);
  tell_piece(tell, [&](Findings& piece) { piece.reverse = reverse; });
}

void Examiner::operator()(const Request& request, std::string_view octets, Names& names, Tell& tell) const {
  if (request.kind == Request::Kind::extract) return take_out(request, octets, tell);
  if (options_.authentication) authenticate(request.envelope, split(octets), names, tell);
  if (!options_.parts) return;
  tell.begins(Stage::parts);
  const auto mime = inventory(octets);
  tell_piece(tell, [&](Findings& piece) { piece.mime = mime; });
}

}  // namespace guichet::filters
