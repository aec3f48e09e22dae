#include "cli/acts.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/import_act.h"
#include "cli/message_facts.h"
#include "store/erasure.h"
#include "store/requeue.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::ErrorKind;
using store::MessageId;
using store::Result;
using store::Store;

Json refusal(const std::string& text) {
  return {{"ok", false}, {"error", text}};
}

// --- What a request says -------------------------------------------------------------------------------

std::optional<std::vector<MessageId>> messages_of(const Json& request) {
  std::vector<MessageId> messages;
  const auto found = request.find("messages");
  if (found == request.end() || !found->is_array()) return std::nullopt;
  for (const auto& item : *found) {
    const auto id = item.is_string() ? store::Uuid::from_text(item.get<std::string>()) : std::nullopt;
    if (!id) return std::nullopt;
    messages.push_back({*id});
  }
  return messages;
}

store::Instant now() {
  return store::real_clock()->now();
}

Json ids_of(const std::vector<MessageId>& messages) {
  auto ids = Json::array();
  for (const auto& message : messages)
    ids.push_back(message.uuid.text());
  return ids;
}

Json done_or_not(const Result<void>& done) {
  return done ? Json{{"ok", true}} : refusal(done.error().text);
}

// --- The acts ------------------------------------------------------------------------------------------

Json wait_for_index(Store& store, const Json&) {
  return done_or_not(store.wait_for_index());
}

Json take_in_history(Store& store, const Json&) {
  const auto left = store.take_in_merged();
  return left ? Json{{"ok", true}, {"left", *left}} : refusal(left.error().text);
}

Json rebuild_index(Store& store, const Json&) {
  const auto counts = store.rebuild_index();
  if (!counts) return refusal(counts.error().text);
  return {{"ok", true},
          {"messages", counts->messages},
          {"bodies", counts->bodies},
          {"deliveries", counts->deliveries},
          {"waiting", counts->waiting}};
}

using Rows = std::vector<store::DeliveryRow>;

Result<Rows> deliveries_of(Store& store, const std::vector<MessageId>& messages) {
  Rows all;
  for (const auto& message : messages) {
    auto rows = store.ask([&](store::IndexReader& index) { return index.deliveries(message); });
    if (!rows) return rows;
    all.insert(all.end(), rows->begin(), rows->end());
  }
  return all;
}

// Those that are named and known.
Result<Rows> named_deliveries(Store& store, const Json& request) {
  Rows named;
  for (const auto& pair : request["deliveries"]) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
      return store::fail(ErrorKind::absent, "a delivery is [message id, uid]");
    const auto message = store::Uuid::from_text(pair[0].get<std::string>());
    const auto uid = store::Uuid::from_text(pair[1].get<std::string>());
    if (!message || !uid) return store::fail(ErrorKind::absent, "a delivery is [message id, uid]");
    auto rows = deliveries_of(store, {MessageId{*message}});
    if (!rows) return rows;
    std::erase_if(*rows, [&](const auto& row) { return row.uid.uuid != *uid; });
    named.insert(named.end(), rows->begin(), rows->end());
  }
  return named;
}

Result<Rows> rows_to_requeue(Store& store, const Json& request) {
  if (request.contains("deliveries")) return named_deliveries(store, request);
  if (const auto messages = messages_of(request)) return deliveries_of(store, *messages);
  const auto since = store::Instant::from_rfc3339(text_of(request, "since"));
  if (!since) return store::fail(ErrorKind::absent, "neither messages nor a time are named");
  const auto maildrop = text_of(request, "maildrop");
  return store.ask([&](store::IndexReader& index) { return index.handed_over_since(*since, maildrop); });
}

// While messages are erased nothing is decided about them.
Json requeue(Store& store, const Json& request) {
  const auto alone = store.alone();
  auto rows = rows_to_requeue(store, request);
  if (!rows) return refusal(rows.error().text);
  const auto ids = store::random_ids();
  const auto count = store::requeue(store, *ids,
                                    {.deliveries = std::move(*rows),
                                     .at = now(),
                                     .by = text_of(request, "by"),
                                     .reason = text_of(request, "reason")});
  return count ? Json{{"ok", true}, {"deliveries", *count}} : refusal(count.error().text);
}

Json confirm(Store& store, const Json& request) {
  if (!request.contains("deliveries")) return refusal("no deliveries are named");
  const auto alone = store.alone();
  const auto rows = named_deliveries(store, request);
  if (!rows) return refusal(rows.error().text);
  std::vector<store::Fact> facts;
  for (const auto& row : *rows)
    if (row.state != store::DeliveryState::erased)
      facts.emplace_back(store::Confirmed{row.uid, row.message, now(), text_of(request, "by")});
  const auto count = facts.size();
  if (count == 0) return {{"ok", true}, {"deliveries", 0}};
  const auto done = store::append_and_wait(store, std::move(facts));
  return done ? Json{{"ok", true}, {"deliveries", count}} : refusal(done.error().text);
}

// To nobody, for good. Only what is in quarantine: anything else may be on its way to somebody.
Json discard(Store& store, const Json& request) {
  if (!request.contains("deliveries")) return refusal("no deliveries are named");
  const auto alone = store.alone();
  const auto rows = named_deliveries(store, request);
  if (!rows) return refusal(rows.error().text);
  const auto by = text_of(request, "by") + ", discarded: " + text_of(request, "reason");
  std::vector<store::Fact> facts;
  for (const auto& row : *rows)
    if (row.state == store::DeliveryState::quarantined)
      facts.emplace_back(store::HandedOver{row.uid, row.message, now(), by, store::Way::discarded});
  const auto count = facts.size();
  if (count == 0) return {{"ok", true}, {"deliveries", 0}};
  const auto done = store::append_and_wait(store, std::move(facts));
  return done ? Json{{"ok", true}, {"deliveries", count}} : refusal(done.error().text);
}

// What was found out about a message that was looked at again.
Json take_findings(Store& store, const Json& request) {
  const auto message = store::Uuid::from_text(text_of(request, "message"));
  const auto findings = request.value("findings", Json());
  if (!message || !findings.is_object()) return refusal("no message, or no findings");
  const auto alone = store.alone();
  const MessageId id{*message};
  const auto erased = store.ask([&](store::IndexReader& index) { return index.is_erased(id); });
  const auto row = store.ask([&](store::IndexReader& index) { return index.message(id); });
  if (!erased) return refusal(erased.error().text);
  if (!row) return refusal(row.error().text);
  if (!*row || *erased) return refusal("there is no such message, or not any more");
  const auto done = store::append_and_wait(
      store, {store::Judged{id, now(), text_of(request, "by") + ", again", findings.dump()}});
  return done_or_not(done);
}

template <class HeldOrReleased>
Json say_of_each(Store& store, const Json& request) {
  const auto messages = messages_of(request);
  if (!messages) return refusal("no messages are named");
  const auto alone = store.alone();
  std::vector<store::Fact> facts;
  for (const auto& message : *messages)
    facts.emplace_back(HeldOrReleased{message, now(), text_of(request, "by"), text_of(request, "reason")});
  return done_or_not(store::append_and_wait(store, std::move(facts)));
}

Json to_json(const store::ErasureReport& report) {
  Json kept = Json::array();
  for (const auto& [message, with] : report.octets_kept)
    kept.push_back({{"message", message.uuid.text()}, {"with", ids_of(with)}});
  return {{"ok", true},
          {"erased", ids_of(report.erased)},
          {"not_there", ids_of(report.not_there)},
          {"held", ids_of(report.held)},
          {"octets_kept", std::move(kept)},
          {"blocks", report.blocks},
          {"octets", report.octets},
          {"left_in", report.left_in}};
}

Json erase(Store& store, const Json& request) {
  const auto messages = messages_of(request);
  if (!messages) return refusal("no messages are named");
  const store::ErasureOrder order{*messages, now(), text_of(request, "by"), text_of(request, "reason"),
                                  nullptr};
  const bool dry_run = request.value("dry_run", Json()) == true;
  const auto report = dry_run ? store::plan_erasure(store, order) : store::erase(store, order);
  return report ? to_json(*report) : refusal(report.error().text);
}

// Of another store, whose history came in.
Json take_in_erasures(Store& store, const Json& request) {
  std::vector<store::Erased> erasures;
  for (const auto& line : request.value("erasures", Json::array())) {
    const auto fact = store::decode_fact(line.dump());
    const auto* erased = fact ? std::get_if<store::Erased>(&*fact) : nullptr;
    if (!erased) return refusal("no erasure: " + line.dump());
    erasures.push_back(*erased);
  }
  return done_or_not(store::take_in_erasures(store, erasures));
}

struct Act {
  std::string_view name;
  Json (*carry_out)(Store&, const Json&);
};

constexpr std::array<Act, 11> acts{{{"index wait", wait_for_index},
                                    {"history", take_in_history},
                                    {"index rebuild", rebuild_index},
                                    {"requeue", requeue},
                                    {"confirm", confirm},
                                    {"discard", discard},
                                    {"judged", take_findings},
                                    {"hold", say_of_each<store::Held>},
                                    {"release", say_of_each<store::Released>},
                                    {"erase", erase},
                                    {"take in erasures", take_in_erasures}}};

}  // namespace

Json carry_out(Store& store, const Json& request, int attached) {
  const auto name = request.is_object() ? text_of(request, "command") : "";
  if (name == "import") return import_messages(store, request, attached);
  for (const auto& act : acts)
    if (act.name == name) return act.carry_out(store, request);
  return refusal("this gateway does not know that command");
}

}  // namespace guichet::cli
