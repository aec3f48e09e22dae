#include "smtpd/undelivered.h"

#include <algorithm>
#include <utility>

namespace guichet::smtpd {
namespace {

void ignore(std::string_view) {}

}  // namespace

Undelivered::Undelivered(Intake& intake, store::Received received, Envelope envelope, store::BodyPlace body)
    : intake_(intake), received_(std::move(received)), envelope_(std::move(envelope)), body_(body) {}

store::Result<Undelivered> Undelivered::open(Intake& intake, const store::MessageRow& row) {
  auto& store = intake.store();
  const auto fact = store.archive().fact(row.place);
  if (!fact) return tl::unexpected(fact.error());
  const auto* received = std::get_if<store::Received>(&*fact);
  if (!received) return store::fail(store::ErrorKind::damaged, "not the record of a message");
  auto envelope = decode_envelope(received->envelope);
  if (!envelope) return tl::unexpected(envelope.error());
  const auto body = store.body(received->digest);
  if (!body) return tl::unexpected(body.error());
  if (!*body) return store::fail(store::ErrorKind::damaged, "the body of a message is not in the archive");
  return Undelivered(intake, *received, std::move(*envelope), **body);
}

store::Result<void> Undelivered::read(const Sink& sink) const {
  return intake_.store().archive().read(body_, [&](std::string_view octets) { return sink(octets), true; });
}

store::Result<std::vector<store::Recipient>> Undelivered::lacking() const {
  auto there = intake_.store().deliveries(received_.message);
  if (!there) return tl::unexpected(there.error());
  auto recipients = received_.recipients;
  std::erase_if(recipients, [&](const store::Recipient& recipient) {
    return std::ranges::any_of(*there, [&](const auto& row) { return row.recipient == recipient.address; });
  });
  return recipients;
}

store::Result<store::Append> Undelivered::deliver(const Judgement& judgement) const {
  store::Append append{.body = std::nullopt, .facts = {}, .done = nullptr};
  const auto recipients = lacking();
  if (!recipients) return tl::unexpected(recipients.error());
  if (recipients->empty()) return append;
  store::ServedTransform transform(served_rule(origin_of(envelope_), judgement.owned));
  if (auto read = this->read([&](std::string_view piece) { transform.feed(piece, ignore); }); !read)
    return tl::unexpected(read.error());
  transform.finish(ignore);
  if (!judgement.findings.empty())
    append.facts.emplace_back(
        store::Judged{received_.message, intake_.now(), judgement.by, judgement.findings});
  for (const auto& recipient : *recipients)
    intake_.add_delivery(append.facts, {envelope_, received_, recipient, transform.facts(), judgement});
  return append;
}

}  // namespace guichet::smtpd
