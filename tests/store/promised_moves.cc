#include "tests/store/promised_moves.h"

#include <algorithm>
#include <optional>

namespace guichet::store {
namespace {

struct Seen {
  std::optional<DeliveryState> state;  // none: there is no such delivery
  std::vector<MoveRow> moves;
  bool listed = false;

  [[nodiscard]] bool befell(MoveRow::Kind kind) const {
    return std::ranges::find(moves, kind, &MoveRow::kind) != moves.end();
  }
};

Result<Seen> look(Store& store, const DeliveryKey& key, const PromisedMoves::Listed& listed) {
  Seen seen{.state = {}, .moves = {}, .listed = listed.contains(key.uid.uuid.text())};
  const auto rows = store.deliveries(key.message);
  if (!rows) return tl::unexpected(rows.error());
  const auto row = std::ranges::find(*rows, key.uid, &DeliveryRow::uid);
  if (row != rows->end()) seen.state = row->state;
  auto moves = store.ask([&key](IndexReader& index) { return index.moves(key); });
  if (!moves) return tl::unexpected(moves.error());
  seen.moves = std::move(*moves);
  return seen;
}

// Whether the fact is there; nothing when what is there of it contradicts itself.
struct Judge {
  const Seen& seen;

  std::optional<bool> operator()(const Offered&) const { return seen.befell(MoveRow::Kind::offered); }
  std::optional<bool> operator()(const Confirmed&) const { return seen.befell(MoveRow::Kind::confirmed); }
  std::optional<bool> operator()(const Stuck&) const {
    const bool there = seen.befell(MoveRow::Kind::stuck);
    if (there && (seen.listed || !seen.state)) return std::nullopt;
    return there;
  }
  std::optional<bool> operator()(const Requeued&) const {
    const bool there = seen.befell(MoveRow::Kind::requeued);
    if (there != (seen.state == DeliveryState::requeued) || (there && seen.listed)) return std::nullopt;
    return there;
  }
  std::optional<bool> operator()(const Delivered&) const {
    const bool there = seen.state.has_value();
    if (there != seen.listed) return std::nullopt;
    return there;
  }
  std::optional<bool> operator()(const auto&) const { return std::nullopt; }
};

std::string name_of(const Fact& fact) {
  return encode_fact(fact).substr(0, 70);
}

std::optional<DeliveryKey> key_of(const Fact& fact) {
  return std::visit(
      [](const auto& told) -> std::optional<DeliveryKey> {
        if constexpr (requires { told.uid; }) return DeliveryKey{told.message, told.uid};
        return std::nullopt;
      },
      fact);
}

}  // namespace

void PromisedMoves::said(const std::vector<Fact>& facts, bool acknowledged) {
  for (const auto& fact : facts) {
    const auto key = key_of(fact);
    if (!key) continue;
    concerned_.insert(key->uid);
    if (std::holds_alternative<Delivered>(fact)) made_.insert(key->uid);
    if (std::holds_alternative<Stuck>(fact) || std::holds_alternative<Requeued>(fact))
      hidden_.insert(key->uid);
  }
  promises_.push_back({facts, acknowledged});
}

std::string PromisedMoves::compare(Store& store, const Listed& listed) const {
  for (const auto& promise : promises_)
    if (auto problem = compare(store, promise, listed); !problem.empty()) return problem;
  return {};
}

std::string PromisedMoves::compare(Store& store, const Promise& promise, const Listed& listed) {
  std::optional<bool> all;
  for (const auto& fact : promise.facts) {
    const auto key = key_of(fact);
    if (!key) return "a fact of no delivery: " + name_of(fact);
    const auto seen = look(store, *key, listed);
    if (!seen) return "the index cannot be asked: " + seen.error().text;
    const auto there = std::visit(Judge{*seen}, fact);
    if (!there) return "half of it is there: " + name_of(fact);
    if (promise.acknowledged && !*there) return "lost: " + name_of(fact);
    if (all && *all != *there) return "there without what came with it: " + name_of(fact);
    all = there;
  }
  return {};
}

}  // namespace guichet::store
