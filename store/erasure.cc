#include "store/erasure.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "store/blanking.h"
#include "store/erasure_journal.h"
#include "store/projection.h"

namespace guichet::store {
namespace {

using Ids = std::unordered_set<Uuid, UuidHash>;

// --- What is to go -------------------------------------------------------------------------------------

// Why one message is to go; an order gives all of its messages the same reason, the journal each its own.
struct Wish {
  MessageId message;
  Instant at;
  std::string by, reason;
};

struct Plan {
  ErasureReport report;
  std::vector<Erased> facts;
};

class Planner {
 public:
  struct Rules {
    // What the journal holds was decided when nothing held it: a restore of an earlier moment may have the
    // hold again.
    bool despite_holds = false;
    std::function<bool(const std::vector<DeliveryRow>&)> still = nullptr;
  };

  Planner(Store& store, const std::vector<Wish>& wishes, const Rules& rules)
      : store_(store), wishes_(wishes), rules_(rules) {
    for (const auto& wish : wishes)
      going_.insert(wish.message.uuid);
  }

  Result<Plan> run() {
    // Those that stay keep their octets, also against others of the same order: they are sorted out first.
    std::vector<std::pair<const Wish*, MessageRow>> rows;
    for (const auto& wish : wishes_)
      if (auto sorted = sort_out(wish, rows); !sorted) return tl::unexpected(sorted.error());
    for (const auto& [wish, row] : rows)
      if (auto added = add(*wish, row); !added) return tl::unexpected(added.error());
    return std::move(plan_);
  }

 private:
  Result<void> sort_out(const Wish& wish, std::vector<std::pair<const Wish*, MessageRow>>& rows) {
    const auto& message = wish.message;
    const auto held = store_.ask([&](IndexReader& index) { return index.is_held(message); });
    const auto erased = store_.ask([&](IndexReader& index) { return index.is_erased(message); });
    const auto row = store_.ask([&](IndexReader& index) { return index.message(message); });
    const auto still = still_wanted(message);
    if (!held) return tl::unexpected(held.error());
    if (!erased) return tl::unexpected(erased.error());
    if (!row) return tl::unexpected(row.error());
    if (!still) return tl::unexpected(still.error());
    const bool there = *row && !*erased;
    const bool kept = there && *held && !rules_.despite_holds;
    if (!there) plan_.report.not_there.push_back(message);
    if (kept) plan_.report.held.push_back(message);
    if (there && !kept && *still)
      rows.emplace_back(&wish, **row);
    else
      going_.erase(message.uuid);
    return {};
  }

  Result<bool> still_wanted(const MessageId& message) {
    if (!rules_.still) return true;
    return store_.ask([&](IndexReader& index) { return index.deliveries(message); }).map(rules_.still);
  }

  Result<void> add(const Wish& wish, const MessageRow& row) {
    auto fact = fact_of(wish, row);
    if (!fact) return tl::unexpected(fact.error());
    auto staying = others_with(row.digest);
    if (!staying) return tl::unexpected(staying.error());
    plan_.report.erased.push_back(row.message);
    if (!staying->empty()) plan_.report.octets_kept.push_back({row.message, std::move(*staying)});
    plan_.facts.push_back(std::move(*fact));
    return {};
  }

  Result<Erased> fact_of(const Wish& wish, const MessageRow& row) {
    const auto deliveries = store_.ask([&](IndexReader& index) { return index.deliveries(row.message); });
    if (!deliveries) return tl::unexpected(deliveries.error());
    Erased fact{.message = row.message,
                .at = wish.at,
                .by = wish.by,
                .reason = wish.reason,
                .digest = row.digest,
                .size_octets = row.size_octets,
                .received = row.received,
                .records = {},
                .deliveries = {}};
    for (const auto& delivery : *deliveries)
      fact.deliveries.push_back({delivery.uid, delivery.maildrop, delivery.at, delivery.handed_over_at});
    return fact;
  }

  Result<std::vector<MessageId>> others_with(const Digest& digest) {
    auto all = store_.ask([&](IndexReader& index) { return index.with_digest(digest); });
    if (all) std::erase_if(*all, [&](const MessageId& id) { return going_.contains(id.uuid); });
    return all;
  }

  Store& store_;
  const std::vector<Wish>& wishes_;
  const Rules& rules_;
  Ids going_;
  Plan plan_;
};

std::vector<Wish> wishes_of(const ErasureOrder& order) {
  std::vector<Wish> wishes;
  for (const auto& message : order.messages)
    wishes.push_back({message, order.at, order.by, order.reason});
  return wishes;
}

std::vector<Wish> wishes_of(const std::vector<Erased>& journal) {
  std::vector<Wish> wishes;
  for (const auto& erased : journal)
    wishes.push_back({erased.message, erased.at, erased.by, erased.reason});
  return wishes;
}

// --- What the volumes say ------------------------------------------------------------------------------

// Octets may be in several records: in one that could not be read back when they came again, in one of a
// message that was erased before while another still needed them. And a message that the index does not know
// (its facts are damaged) may have them too: the volumes are the judge, not the index.
class Records {
 public:
  Records(Store& store, Plan& plan) : store_(store), plan_(plan) {}

  Result<void> name() {
    std::unordered_set<Digest> digests;
    for (const auto& fact : plan_.facts) {
      going_.insert(fact.message.uuid);
      if (!is_kept(fact)) digests.insert(fact.digest);
    }
    const auto holders = holders_of(store_.archive(), digests);
    if (!holders) return tl::unexpected(holders.error());
    for (auto& fact : plan_.facts)
      if (const auto found = holders->find(fact.digest); found != holders->end())
        if (auto named = name(fact, found->second); !named) return named;
    return {};
  }

 private:
  bool is_kept(const Erased& fact) const {
    return std::ranges::any_of(plan_.report.octets_kept,
                               [&](const auto& shared) { return shared.message == fact.message; });
  }

  Result<void> name(Erased& fact, const Holders& holders) {
    std::vector<MessageId> staying;
    for (const auto& message : holders.messages) {
      if (going_.contains(message.uuid)) continue;
      const auto erased = store_.ask([&](IndexReader& index) { return index.is_erased(message); });
      if (!erased) return tl::unexpected(erased.error());
      if (!*erased) staying.push_back(message);
    }
    if (staying.empty())
      fact.records = holders.records;
    else
      plan_.report.octets_kept.push_back({fact.message, std::move(staying)});
    return {};
  }

  Store& store_;
  Plan& plan_;
  Ids going_;
};

// --- Doing it ------------------------------------------------------------------------------------------

Result<void> overwrite(Store& store, const std::vector<Erased>& facts, ErasureReport& report) {
  ErasedRecords records;
  for (const auto& fact : facts) {
    records.messages.insert(fact.message.uuid);
    records.bodies.insert(fact.records.begin(), fact.records.end());
  }
  const auto blocks = find_blocks(store.archive(), records);
  if (!blocks) return tl::unexpected(blocks.error());
  for (const auto& block : *blocks)
    report.octets += block.octets;
  report.blocks += blocks->size();
  return blank_out(store.archive(), *blocks);
}

// A listing that is just being read keeps the log for a moment; the next erasure or start would empty it too.
void empty_log(Store& store) {
  constexpr int attempts = 20;
  for (int i = 0; i < attempts; ++i)
    if (const auto emptied = store.empty_index_log(); emptied || emptied.error().kind != ErrorKind::busy)
      return;
}

// Copies that nobody reads: torn tails, indexes of other releases, messages that broke a filter.
void remove_copies(const Archive& archive, ErasureReport& report) {
  const auto samples = archive.disk().list(archive.folder() / "samples");
  for (const auto& name : samples.value_or(std::vector<std::string>()))
    if (!archive.disk().remove(archive.folder() / "samples" / name)) report.left_in.push_back(name);
  for (const auto* folder : {"volumes", "index"}) {
    const auto names = archive.disk().list(archive.folder() / folder);
    for (const auto& name : names.value_or(std::vector<std::string>())) {
      const bool removed = (name.ends_with(".torn") || name.ends_with(".foreign")) &&
                           archive.disk().remove(archive.folder() / folder / name);
      if (!removed && (name.ends_with(".torn") || name.find(".damaged") != std::string::npos))
        report.left_in.push_back(name);
    }
  }
}

std::vector<Fact> as_facts(const std::vector<Erased>& erasures) {
  return {erasures.begin(), erasures.end()};
}

Result<void> write_facts(Store& store, const std::vector<Erased>& facts) {
  return append_and_wait(store, as_facts(facts)).and_then([&] { return store.wait_for_index(); });
}

// What is not in the index yet may need the octets, or be held.
Result<void> refuse_while_history_comes(Store& store) {
  const auto& archive = store.archive();
  const auto missing = store.ask([&](IndexReader& index) { return merged_to_take_in(index, archive); });
  if (!missing) return tl::unexpected(missing.error());
  const auto names = archive.disk().list(archive.folder());
  if (!names) return tl::unexpected(names.error());
  if (missing->empty() && std::ranges::count(*names, "merging") == 0) return {};
  return fail(ErrorKind::busy, "history is on its way in: let restore --merge come to its end first");
}

Result<Plan> prepare(Store& store, const std::vector<Wish>& wishes, const Planner::Rules& rules) {
  auto plan = Planner(store, wishes, rules).run();
  if (!plan) return plan;
  for (const auto& fact : plan->facts)
    if (auto apart = store.repeat_no_more(fact.digest); !apart) return tl::unexpected(apart.error());
  // Once more: the same octets may have come again just before that.
  plan = Planner(store, wishes, rules).run();
  if (!plan) return plan;
  if (auto named = Records(store, *plan).name(); !named) return tl::unexpected(named.error());
  return plan;
}

ErasureJournal journal_of(const Store& store) {
  return {store.archive().disk(), store.archive().folder()};
}

// --- After a crash or a restore ------------------------------------------------------------------------

// Of what is not there to be erased: what was erased before, and what was overwritten in volumes that were
// copied before its fact was written. For those the fact of the journal stands.
Result<std::vector<Erased>> without_fact(Store& store, const std::vector<Erased>& journal) {
  Ids unknown;
  for (const auto& erased : journal) {
    const auto known = store.ask([&](IndexReader& index) { return index.is_erased(erased.message); });
    if (!known) return tl::unexpected(known.error());
    if (!*known) unknown.insert(erased.message.uuid);
  }
  const auto traces = blank_among(store.archive(), unknown);
  if (!traces) return tl::unexpected(traces.error());
  std::vector<Erased> facts;
  for (const auto& erased : journal)
    if (traces->contains(erased.message.uuid)) facts.push_back(erased);
  return facts;
}

std::unordered_set<Digest> octets_still_needed(const Plan& plan) {
  std::unordered_set<Digest> needed;
  for (const auto& fact : plan.facts)
    if (std::ranges::any_of(plan.report.octets_kept,
                            [&](const auto& shared) { return shared.message == fact.message; }))
      needed.insert(fact.digest);
  return needed;
}

// All of it at once: each look at the volumes reads all of them.
Result<void> finish_pending(Store& store) {
  auto journal = journal_of(store);
  const auto pending = journal.pending();
  if (!pending) return tl::unexpected(pending.error());
  if (pending->empty()) return {};
  auto plan = prepare(store, wishes_of(*pending), {.despite_holds = true});
  if (!plan) return tl::unexpected(plan.error());
  if (auto written = write_facts(store, plan->facts); !written) return written;
  const auto missing = without_fact(store, *pending);
  if (!missing) return tl::unexpected(missing.error());
  if (auto written = write_facts(store, *missing); !written) return written;
  auto all = plan->facts;  // with the records that were found now; and those of then
  all.insert(all.end(), pending->begin(), pending->end());
  const auto needed = octets_still_needed(*plan);
  for (auto& fact : all)
    if (needed.contains(fact.digest)) fact.records.clear();
  if (auto done = overwrite(store, all, plan->report); !done) return done;
  empty_log(store);
  remove_copies(store.archive(), plan->report);
  return journal.mark_done();
}

}  // namespace

Result<ErasureReport> plan_erasure(Store& store, const ErasureOrder& order) {
  const auto wishes = wishes_of(order);
  return Planner(store, wishes, {.still = order.still}).run().map([](Plan plan) {
    return std::move(plan.report);
  });
}

Result<ErasureReport> erase(Store& store, const ErasureOrder& order) {
  const auto alone = store.alone();
  if (auto settled = refuse_while_history_comes(store); !settled) return tl::unexpected(settled.error());
  // The mark is one for the whole journal: what failed before has to be done first.
  if (auto finished = finish_pending(store); !finished) return tl::unexpected(finished.error());
  const auto wishes = wishes_of(order);
  auto plan = prepare(store, wishes, {.still = order.still});
  if (!plan) return tl::unexpected(plan.error());
  if (plan->facts.empty()) return std::move(plan->report);
  auto journal = journal_of(store);
  auto done =
      journal.add(plan->facts).and_then([&] { return write_facts(store, plan->facts); }).and_then([&] {
        return overwrite(store, plan->facts, plan->report);
      });
  if (!done) return tl::unexpected(done.error());
  // Before the mark: after a crash the next start does it again.
  empty_log(store);
  remove_copies(store.archive(), plan->report);
  if (auto marked = journal.mark_done(); !marked) return tl::unexpected(marked.error());
  return std::move(plan->report);
}

Result<void> finish_erasures(Store& store) {
  const auto alone = store.alone();
  return finish_pending(store);
}

Result<void> take_in_erasures(Store& store, const std::vector<Erased>& erasures) {
  const auto alone = store.alone();
  auto journal = journal_of(store);
  const auto known = journal.all();
  if (!known) return tl::unexpected(known.error());
  Ids there;
  for (const auto& erased : *known)
    there.insert(erased.message.uuid);
  std::vector<Erased> fresh;
  for (const auto& erased : erasures)
    if (!there.contains(erased.message.uuid)) fresh.push_back(erased);
  if (fresh.empty()) return {};
  return journal.add(fresh).and_then([&] { return finish_pending(store); });
}

}  // namespace guichet::store
