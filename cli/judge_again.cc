#include <iostream>
#include <optional>

#include "cli/act.h"
#include "cli/filtering.h"
#include "cli/find_message.h"
#include "cli/front_door.h"
#include "cli/judge.h"
#include "cli/message_body.h"
#include "cli/period.h"
#include "cli/plain_text.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::ErrorKind;
using store::Result;
using Rows = std::vector<store::MessageRow>;

Result<FilteredMessage> filtered(StoreView& store, const conf::Settings& settings, const Filtering& filtering,
                                 const store::MessageRow& row) {
  const auto fact = store.archive->fact(row.place);
  if (!fact) return tl::unexpected(fact.error());
  const auto* received = std::get_if<store::Received>(&*fact);
  if (!received) return store::fail(ErrorKind::absent, "it was erased");
  const auto envelope = smtpd::decode_envelope(received->envelope);
  if (!envelope) return tl::unexpected(envelope.error());
  auto file = filtering.file_of([&](const Filtering::Take& take) {
    return read_body(store, row, [&](std::string_view octets) { return take(octets), true; });
  });
  if (!file) return tl::unexpected(file.error());
  return FilteredMessage{.id = row.message.uuid.text(),
                         .envelope = filters_envelope(*envelope, settings.smtpd.hostname, received->at),
                         .client_name = client_name_of(*envelope),
                         .facts = rule_facts(*envelope, *received),
                         .file = std::move(*file)};
}

// One after the other: what was done stays done when somebody interrupts it.
Result<std::size_t> judge_all(StoreView& store, const conf::Settings& settings, Filtering& filtering,
                              const Rows& rows) {
  auto acting = Acting::begin(settings);
  if (!acting) return tl::unexpected(acting.error());
  std::size_t judged = 0;
  for (const auto& row : rows) {
    const auto message = filtered(store, settings, filtering, row);
    if (!message) {
      complain("message " + row.message.uuid.text() + ": " + message.error().text);
      continue;
    }
    const auto verdict = filtering.find_out(*message);
    const auto judgement = filtering.judgement(smtpd::Origin::stranger, message->envelope, verdict, nullptr);
    const auto done = (*acting)->act({{"command", "judged"},
                                      {"message", row.message.uuid.text()},
                                      {"findings", Json::parse(judgement.findings)}});
    if (!done) return tl::unexpected(done.error());
    ++judged;
    if (filters::virus_word(verdict) == "found")
      std::cout << row.message.uuid.text() << "  " << plain((*verdict.virus)->name) << '\n';
  }
  return judged;
}

}  // namespace

int judge_again(const conf::Settings& settings, const JudgeOptions& options) {
  if (!settings.filters.any()) return complain("nothing is turned on in [filters]");
  if (options.again.empty() && options.since.empty() && options.until.empty())
    return complain("name messages, or a time with --since or --until"), bad_usage;
  const auto period = period_of(options.since, options.until);
  if (!period) return complain(period.error().text), bad_usage;
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto rows =
      options.again.empty() ? received_in(*store->index, *period) : find_messages(*store, options.again);
  if (!rows) return complain(rows.error().text);
  std::cout << rows->size() << " messages will be judged again; what was delivered stays as it is\n";
  if (rows->empty()) return 0;
  if (!confirmed("Judge them?", options.yes)) return 1;
  std::optional<net::Resolver> resolver;
  if (settings.filters.authentication) resolver.emplace(resolver_options(settings.resolver));
  auto filtering = Filtering::make(settings, resolver ? &*resolver : nullptr,
                                   [](const std::string& text) { complain(text); });
  if (!filtering) return complain(filtering.error());
  const auto judged = judge_all(*store, settings, **filtering, *rows);
  if (!judged) return complain(judged.error().text);
  std::cout << *judged << " judged\n";
  return *judged == rows->size() ? 0 : 1;
}

}  // namespace guichet::cli
