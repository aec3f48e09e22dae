#include "cli/export.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>

#include "cli/export_target.h"
#include "cli/find_message.h"
#include "cli/message_facts.h"
#include "cli/owner.h"
#include "cli/pace.h"
#include "cli/period.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "store/hash.h"

namespace guichet::cli {
namespace {

using store::BodyPlace;
using store::ErrorKind;
using store::Result;

using Rows = std::vector<store::MessageRow>;

// --- One message ---------------------------------------------------------------------------------------

using Sink = std::function<Result<void>(std::string_view)>;

class Export {
 public:
  Export(StoreView& store, ExportTarget& target, const ExportOptions& options)
      : store_(store), target_(target), options_(options) {}

  // An error is of the target: there is no use in going on.
  Result<void> message(const store::MessageRow& row) {
    const auto facts = facts_of(store_, row, Verdicts::left_out);
    if (!facts) return damaged(row, facts.error());
    if (facts->erased) return ++erased, Result<void>();
    if (facts->damage) return damaged(row, *facts->damage);
    if (!wanted(*facts)) return {};
    const auto body = sound_body(row);
    if (!body) return damaged(row, body.error());
    if (!options_.served) return as_received(*facts, *body);
    for (const auto& delivery : facts->deliveries)
      if (is_wanted(delivery))
        if (auto given = as_served(*facts, delivery, *body); !given) return given;
    return {};
  }

  std::uint64_t written = 0, damage = 0, erased = 0;

 private:
  Result<void> damaged(const store::MessageRow& row, const store::Error& error) {
    complain("message " + row.message.uuid.text() + " is left out: " + error.text);
    ++damage;
    return {};
  }

  [[nodiscard]] bool is_wanted(const store::DeliveryRow& delivery) const {
    return options_.maildrop.empty() || delivery.maildrop == options_.maildrop;
  }
  [[nodiscard]] bool wanted(const MessageFacts& facts) const {
    return options_.maildrop.empty() ||
           std::ranges::any_of(facts.deliveries, [this](const auto& row) { return is_wanted(row); });
  }

  // Read once to compare its digest: not one octet of a damaged message is given out.
  Result<BodyPlace> sound_body(const store::MessageRow& row) {
    const auto body = store_.index->body(row.digest);
    if (!body) return tl::unexpected(body.error());
    if (!*body) return store::fail(ErrorKind::damaged, "its octets are in no volume; run guichet verify");
    if (auto sound = store_.archive->check(**body, row.digest); !sound) return tl::unexpected(sound.error());
    return **body;
  }

  // And again as they are written: false when they changed in between.
  Result<bool> read(const BodyPlace& body, const store::Digest& digest, const Sink& sink) {
    store::Sha256 hash;
    Result<void> put;
    const auto got = store_.archive->read(body, [&](std::string_view octets) {
      hash.update(octets);
      put = sink(octets);
      return put.has_value();
    });
    if (!put) return tl::unexpected(put.error());
    return got && hash.finish() == digest;
  }

  Result<void> as_received(const MessageFacts& facts, const BodyPlace& body) {
    const ExportItem item{facts.row.message.uuid.text(), sender_of(facts), facts.row.received,
                          facts.row.size_octets};
    return give(facts, item, [&] {
      return read(body, facts.row.digest, [&](std::string_view octets) { return target_.write(octets); });
    });
  }

  Result<void> as_served(const MessageFacts& facts, const store::DeliveryRow& row, const BodyPlace& body) {
    const auto fact = store_.archive->fact(row.place);
    const auto* delivered = fact ? std::get_if<store::Delivered>(&*fact) : nullptr;
    if (!delivered)
      return damaged(facts.row,
                     fact ? store::Error{ErrorKind::damaged, "the index is of other volumes"} : fact.error());
    const ExportItem item{row.uid.uuid.text(), sender_of(facts), facts.row.received, row.size_octets};
    return give(facts, item, [&] { return read_served(delivered->form, facts.row.digest, body); });
  }

  Result<bool> read_served(const store::ServedForm& form, const store::Digest& digest,
                           const BodyPlace& body) {
    Result<void> put = target_.write(form.prefix);
    store::ServedTransform transform(form.rule);
    const auto sink = [&](std::string_view octets) {
      if (put) put = target_.write(octets);
    };
    auto sound = read(body, digest, [&](std::string_view octets) {
      transform.feed(octets, sink);
      return put;
    });
    transform.finish(sink);
    return put ? sound : tl::unexpected(put.error());
  }

  template <class Write>
  Result<void> give(const MessageFacts& facts, const ExportItem& item, const Write& write) {
    if (auto begun = target_.begin(item); !begun) return begun;
    const auto sound = write();
    if (!sound) return tl::unexpected(sound.error());
    if (!*sound) {
      target_.abandon();
      damaged(facts.row, {ErrorKind::damaged, "it changed while it was read"});
      // What an mbox holds of it cannot be taken out again.
      return options_.format == "mbox" ? store::fail(ErrorKind::damaged, "the file is given up")
                                       : Result<void>();
    }
    ++written;
    return target_.end();
  }

  StoreView& store_;
  ExportTarget& target_;
  const ExportOptions& options_;
};

Result<void> export_all(Export& out, ExportTarget& target, const Rows& rows) {
  std::uint64_t done = 0, total = 0;
  for (const auto& row : rows)
    total += row.size_octets;
  ProgressBar bar("export");
  for (const auto& row : rows) {
    if (auto given = out.message(row); !given) return given;
    bar.show(done += row.size_octets, total);
  }
  return target.finish();
}

bool says_which(const ExportOptions& options) {
  const bool some =
      options.all || !options.since.empty() || !options.until.empty() || !options.maildrop.empty();
  return options.ids.empty() == some;
}

}  // namespace

int export_messages(const conf::Settings& settings, const ExportOptions& options) {
  if (!says_which(options))
    return complain("name messages, or say --all, --since, --until or --maildrop"), bad_usage;
  const auto period = period_of(options.since, options.until);
  if (!period) return complain(period.error().text), bad_usage;
  // As whoever typed it: open_store() acts as the owner of the store from then on.
  auto target = ExportTarget::open(options.format, options.to, options.ids.size() == 1);
  if (!target) return complain(target.error().text), target.error().kind == ErrorKind::absent ? bad_usage : 1;
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto rows =
      options.ids.empty() ? received_in(*store->index, *period) : find_messages(*store, options.ids);
  if (!rows) return complain(rows.error().text);
  const AsCaller caller;
  Export out(*store, **target, options);
  const auto done = export_all(out, **target, *rows);
  std::cout << out.written << " exported, " << out.erased << " erased before, " << out.damage
            << " damaged and left out\n";
  if ((*target)->ends_added() > 0)
    std::cout << (*target)->ends_added() << " had no final line end, and have one in the mbox\n";
  if (!done) return complain(done.error().text);
  return out.damage == 0 ? 0 : 1;
}

}  // namespace guichet::cli
