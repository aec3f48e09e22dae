#include "filters/findings_json.h"

#include <iterator>

#include "filters/names_json.h"

namespace guichet::filters {

using json::Is;
using json::name_octets_max;

namespace {

constexpr std::size_t flags_max = 32;

}  // namespace

// These stand beside the shapes, not in the unnamed namespace, so that json_fields.h finds them.

template <class Visit, Is<SpfFinding> Shape>
void members(Visit& visit, Shape& spf) {
  visit.word("result", spf.result);
  visit.text("domain", spf.domain, name_octets_max);
  visit.flag("by_helo", spf.by_helo);
  visit.text("explanation", spf.explanation);
  visit.number("terms", spf.terms);
  visit.number("voids", spf.voids);
}

template <class Visit, Is<DkimFinding> Shape>
void members(Visit& visit, Shape& dkim) {
  visit.word("result", dkim.result);
  visit.text("domain", dkim.domain, name_octets_max);
  visit.text("selector", dkim.selector, name_octets_max);
  visit.text("identity", dkim.identity, name_octets_max);
  visit.text("algorithm", dkim.algorithm, name_octets_max);
  visit.text("beginning", dkim.beginning, name_octets_max);
  visit.number("key_bits", dkim.key_bits);
  visit.flag("partial", dkim.partial);
  visit.flag("author", dkim.author);
  visit.text("why", dkim.why);
}

template <class Visit, Is<DmarcFinding> Shape>
void members(Visit& visit, Shape& dmarc) {
  visit.word("result", dmarc.result);
  visit.text("from_domain", dmarc.from_domain, name_octets_max);
  visit.text("policy_domain", dmarc.policy_domain, name_octets_max);
  visit.text("policy", dmarc.policy, name_octets_max);
  visit.flag("spf_aligned", dmarc.spf_aligned);
  visit.flag("dkim_aligned", dmarc.dkim_aligned);
  visit.text("why", dmarc.why);
}

template <class Visit, Is<ReverseFinding> Shape>
void members(Visit& visit, Shape& reverse) {
  visit.word("result", reverse.result);
  visit.text("name", reverse.name, name_octets_max);
}

template <class Visit, Is<PartFinding> Shape>
void members(Visit& visit, Shape& part) {
  visit.text("number", part.number, name_octets_max);
  visit.text("type", part.type, name_octets_max);
  visit.text("name", part.name, name_octets_max);
  visit.text("charset", part.charset, name_octets_max);
  visit.text("disposition", part.disposition, name_octets_max);
  visit.text("encoding", part.encoding, name_octets_max);
  visit.number("size_octets", part.size_octets);
  visit.text("digest", part.digest, name_octets_max);
  visit.texts("flags", part.flags, flags_max, name_octets_max);
  visit.number("offset", part.offset);
  visit.number("length", part.length);
}

template <class Visit, Is<MimeFinding> Shape>
void members(Visit& visit, Shape& mime) {
  visit.shapes("parts", mime.parts, parts_max);
  visit.text("too_complex", mime.too_complex);
  visit.text("subject", mime.subject);
  visit.text("from", mime.from);
  visit.text("to", mime.to);
  visit.text("date", mime.date);
  visit.text("message_id", mime.message_id);
  visit.text("in_reply_to", mime.in_reply_to);
  visit.text("auto_submitted", mime.auto_submitted);
  visit.text("message_class", mime.message_class, name_octets_max);
}

template <class Visit, Is<DnsEvidence> Shape>
void members(Visit& visit, Shape& evidence) {
  members(visit, evidence.question);
  members(visit, evidence.answer);
}

template <class Visit, Is<Findings> Shape>
void members(Visit& visit, Shape& findings) {
  visit.shape("spf", findings.spf);
  visit.shapes("dkim", findings.dkim, signatures_max);
  visit.flag("dkim_done", findings.dkim_done);
  visit.number("dkim_left_out", findings.dkim_left_out);
  visit.shape("dmarc", findings.dmarc);
  visit.shape("reverse", findings.reverse);
  visit.shape("mime", findings.mime);
  visit.texts("errors", findings.errors, errors_max, json::text_octets_max);
  visit.shapes("dns", findings.dns, evidence_max);
}

std::string encode_findings(const Findings& findings) {
  return json::encode(findings);
}

tl::expected<Findings, std::string> decode_findings(std::string_view text) {
  return json::decode<Findings>(text);
}

bool add_findings(Findings& to, Findings piece) {
  const auto twice = [](const auto& known, const auto& said) { return known && said; };
  const bool dkim_said = piece.dkim_done || !piece.dkim.empty() || piece.dkim_left_out > 0;
  if (twice(to.spf, piece.spf) || twice(to.dmarc, piece.dmarc) || twice(to.reverse, piece.reverse) ||
      twice(to.mime, piece.mime) || (dkim_said && to.dkim_done) || !piece.dns.empty() ||
      to.errors.size() + piece.errors.size() > errors_max)
    return false;
  if (piece.spf) to.spf = std::move(piece.spf);
  if (piece.dmarc) to.dmarc = std::move(piece.dmarc);
  if (piece.reverse) to.reverse = std::move(piece.reverse);
  if (piece.mime) to.mime = std::move(piece.mime);
  if (dkim_said) {
    to.dkim = std::move(piece.dkim);
    to.dkim_done = piece.dkim_done;
    to.dkim_left_out = piece.dkim_left_out;
  }
  std::ranges::move(piece.errors, std::back_inserter(to.errors));
  return true;
}

}  // namespace guichet::filters
