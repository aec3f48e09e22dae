#include "store/erasure.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "store/blanking.h"
#include "store/erasure_journal.h"

namespace guichet::store {
namespace {

using Ids = std::unordered_set<Uuid, UuidHash>;

Ids ids_of(const std::vector<MessageId>& messages) {
  Ids ids;
  for (const auto& message : messages)
    ids.insert(message.uuid);
  return ids;
}

// --- What is to go -------------------------------------------------------------------------------------

struct Plan {
  ErasureReport report;
  std::vector<Erased> facts;
};

class Planner {
 public:
  Planner(Store& store, const ErasureOrder& order)
      : store_(store), order_(order), going_(ids_of(order.messages)) {}

  Result<Plan> run() {
    // Those that stay keep their octets, also against others of the same order: they are sorted out first.
    std::vector<MessageRow> rows;
    for (const auto& message : order_.messages)
      if (auto sorted = sort_out(message, rows); !sorted) return tl::unexpected(sorted.error());
    for (const auto& row : rows)
      if (auto added = add(row); !added) return tl::unexpected(added.error());
    return std::move(plan_);
  }

 private:
  Result<void> sort_out(const MessageId& message, std::vector<MessageRow>& rows) {
    const auto held = store_.ask([&](IndexReader& index) { return index.is_held(message); });
    const auto erased = store_.ask([&](IndexReader& index) { return index.is_erased(message); });
    const auto row = store_.ask([&](IndexReader& index) { return index.message(message); });
    if (!held || !erased || !row)
      return tl::unexpected(!held ? held.error() : !erased ? erased.error() : row.error());
    const bool there = *row && !*erased;
    if (!there) plan_.report.not_there.push_back(message);
    if (there && *held) plan_.report.held.push_back(message);
    if (!there || *held) return going_.erase(message.uuid), Result<void>();
    rows.push_back(**row);
    return {};
  }

  Result<void> add(const MessageRow& row) {
    auto fact = fact_of(row);
    if (!fact) return tl::unexpected(fact.error());
    auto staying = others_with(row.digest);
    if (!staying) return tl::unexpected(staying.error());
    plan_.report.erased.push_back(row.message);
    if (!staying->empty()) plan_.report.octets_kept.push_back({row.message, std::move(*staying)});
    plan_.facts.push_back(std::move(*fact));
    return {};
  }

  Result<Erased> fact_of(const MessageRow& row) {
    const auto deliveries = store_.ask([&](IndexReader& index) { return index.deliveries(row.message); });
    if (!deliveries) return tl::unexpected(deliveries.error());
    Erased fact{.message = row.message,
                .at = order_.at,
                .by = order_.by,
                .reason = order_.reason,
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
  const ErasureOrder& order_;
  Ids going_;
  Plan plan_;
};

// --- Doing it ------------------------------------------------------------------------------------------

// Octets may be in several records: in one that could not be read back when they came again, in one of a
// message that was erased before while another still needed them.
Result<void> name_records(const Archive& archive, Plan& plan) {
  const auto kept = [&](const Erased& fact) {
    return std::any_of(plan.report.octets_kept.begin(), plan.report.octets_kept.end(),
                       [&](const auto& shared) { return shared.message == fact.message; });
  };
  std::unordered_set<Digest> digests;
  for (const auto& fact : plan.facts)
    if (!kept(fact)) digests.insert(fact.digest);
  const auto records = records_of(archive, digests);
  if (!records) return tl::unexpected(records.error());
  for (auto& fact : plan.facts)
    if (const auto found = records->find(fact.digest); found != records->end()) fact.records = found->second;
  return {};
}

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

std::vector<Fact> as_facts(const std::vector<Erased>& erasures) {
  return {erasures.begin(), erasures.end()};
}

Result<void> carry_out(Store& store, Plan& plan) {
  return append_and_wait(store, as_facts(plan.facts))
      .and_then([&] { return store.wait_for_index(); })
      .and_then([&] { return overwrite(store, plan.facts, plan.report); });
}

Result<Plan> prepare(Store& store, const ErasureOrder& order) {
  auto plan = Planner(store, order).run();
  if (!plan) return plan;
  for (const auto& fact : plan->facts)
    if (auto apart = store.repeat_no_more(fact.digest); !apart) return tl::unexpected(apart.error());
  // Once more: the same octets may have come again just before that.
  plan = Planner(store, order).run();
  if (!plan) return plan;
  if (auto named = name_records(store.archive(), *plan); !named) return tl::unexpected(named.error());
  return plan;
}

ErasureJournal journal_of(const Store& store) {
  return {store.archive().disk(), store.archive().folder()};
}

// --- After a crash or a restore ------------------------------------------------------------------------

// A message that is there is erased as if it were asked for now. One that is not may have been overwritten
// already, in volumes that were copied before its fact was written: then the fact of the journal stands for
// it.
Result<void> finish(Store& store, const Erased& pending) {
  const ErasureOrder order{{pending.message}, pending.at, pending.by, pending.reason};
  auto plan = prepare(store, order);
  if (!plan) return tl::unexpected(plan.error());
  if (!plan->facts.empty()) return carry_out(store, *plan);
  const auto erased = store.ask([&](IndexReader& index) { return index.is_erased(pending.message); });
  if (!erased) return tl::unexpected(erased.error());
  Plan as_it_was{{}, {pending}};
  if (*erased) return overwrite(store, as_it_was.facts, as_it_was.report);
  const auto traces = has_blank_records(store.archive(), pending.message);
  if (!traces) return tl::unexpected(traces.error());
  return *traces ? carry_out(store, as_it_was) : Result<void>();
}

}  // namespace

Result<ErasureReport> plan_erasure(Store& store, const ErasureOrder& order) {
  return Planner(store, order).run().map([](Plan plan) { return std::move(plan.report); });
}

Result<ErasureReport> erase(Store& store, const ErasureOrder& order) {
  const auto alone = store.alone();
  auto plan = prepare(store, order);
  if (!plan) return tl::unexpected(plan.error());
  if (plan->facts.empty()) return std::move(plan->report);
  auto journal = journal_of(store);
  auto done = journal.add(plan->facts).and_then([&] { return carry_out(store, *plan); }).and_then([&] {
    return journal.mark_done();
  });
  if (!done) return tl::unexpected(done.error());
  empty_log(store);
  return std::move(plan->report);
}

Result<void> finish_erasures(Store& store) {
  const auto alone = store.alone();
  auto journal = journal_of(store);
  const auto pending = journal.pending();
  if (!pending) return tl::unexpected(pending.error());
  if (pending->empty()) return {};
  for (const auto& erasure : *pending)
    if (auto finished = finish(store, erasure); !finished) return finished;
  empty_log(store);
  return journal.mark_done();
}

}  // namespace guichet::store
