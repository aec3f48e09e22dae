#include "cli/erase.h"

#include <iostream>

#include "cli/act.h"
#include "cli/find_message.h"
#include "cli/message_facts.h"
#include "cli/pasted_id.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "store/seams.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::ErrorKind;
using store::Result;

constexpr std::string_view digest_prefix = "sha256:";

Result<std::vector<store::MessageId>> with_digest(StoreView& store, const std::string& said) {
  auto pasted = pasted_id(said);
  if (!pasted) return tl::unexpected(pasted.error());
  auto& text = *pasted;
  if (text.starts_with(digest_prefix)) text.erase(0, digest_prefix.size());
  const auto digest = store::Digest::from_hex(text);
  if (!digest) return store::fail(ErrorKind::absent, "no SHA-256 digest, 64 hexadecimal digits: " + text);
  auto found = store.index->with_digest(*digest);
  if (found && found->empty()) return store::fail(ErrorKind::absent, "no message has the digest " + text);
  return found;
}

Result<std::vector<store::MessageId>> named(StoreView& store, const EraseOptions& options) {
  if (!options.digest.empty()) return with_digest(store, options.digest);
  std::vector<store::MessageId> messages;
  const auto rows = find_messages(store, options.ids);
  if (!rows) return tl::unexpected(rows.error());
  for (const auto& row : *rows)
    messages.push_back(row.message);
  return messages;
}

Result<Json> request_of(const conf::Settings& settings, const EraseOptions& options) {
  auto store = open_store(settings.store.path);
  if (!store) return tl::unexpected(store.error());
  const auto messages = named(*store, options);
  if (!messages) return tl::unexpected(messages.error());
  Json request{{"command", "erase"}, {"reason", options.reason}, {"messages", Json::array()}};
  for (const auto& message : *messages)
    request["messages"].push_back(message.uuid.text());
  return request;
}

std::string text(const Json& value) {
  return value.get<std::string>();
}

void show_what_stays(const Json& report) {
  for (const auto& id : report["not_there"])
    complain("message " + text(id) + ": erased before");
  for (const auto& id : report["held"])
    complain("message " + text(id) + " is held and stays as it is; guichet release ends that");
  for (const auto& kept : report["octets_kept"]) {
    std::cout << "the octets of " << text(kept["message"]) << " stay, since these have the same ones:\n";
    for (const auto& id : kept["with"])
      std::cout << "  " << text(id) << '\n';
    std::cout << "  (guichet erase --digest erases them all)\n";
  }
}

void show_plan(const Json& report) {
  for (const auto& id : report["erased"])
    std::cout << "to be erased: " << text(id) << '\n';
}

bool all_went(const Json& report) {
  return report["held"].empty() && report["not_there"].empty() && report["left_in"].empty();
}

// A restore of what such a snapshot holds erases it again.
void show_copies(const conf::BackupSettings& backup) {
  if (backup.repository.empty()) return;
  constexpr std::int64_t day_us = 86'400'000'000;
  const store::Instant now = store::real_clock()->now();
  const store::Instant gone{now.unix_us + backup.retention_days * day_us};
  std::cout << "snapshots made before now hold it until " << gone.rfc3339().substr(0, 10)
            << " (backup.retention_days), if guichet backup prune runs; a restore erases it again\n"
            << "sooner: guichet backup now, then guichet backup prune --set backup.retention_days=1\n";
}

void show_done(const conf::Settings& settings, const Json& report) {
  std::cout << report["erased"].size() << " erased: " << report["blocks"] << " blocks, " << report["octets"]
            << " octets overwritten\n";
  for (const auto& name : report["left_in"])
    complain("volumes/" + text(name) + " may still hold some of it: remove it when nothing in it is missed");
  show_copies(settings.backup);
}

int finish(const conf::Settings& settings, const Json& report, const EraseOptions& options) {
  if (options.json) {
    std::cout << to_line(report) << '\n';
  } else {
    show_what_stays(report);
    options.dry_run ? show_plan(report) : show_done(settings, report);
  }
  return all_went(report) ? 0 : 1;
}

int do_it(const conf::Settings& settings, const Json& request, const EraseOptions& options) {
  const auto report = act(settings, request);
  if (!report) return complain(report.error().text);
  return finish(settings, *report, options);
}

}  // namespace

int erase(const conf::Settings& settings, const EraseOptions& options) {
  if (options.ids.empty() == options.digest.empty())
    return complain("name messages, or a digest with --digest"), 2;
  auto request = request_of(settings, options);
  if (!request) return complain(request.error().text);
  (*request)["dry_run"] = true;
  if (options.dry_run) return do_it(settings, *request, options);
  const auto plan = act(settings, *request);
  if (!plan) return complain(plan.error().text);
  if (!options.json) {
    show_what_stays(*plan);
    show_plan(*plan);
  }
  if ((*plan)["erased"].empty()) return complain("nothing to erase");
  if (!confirmed("Erase for good? No copy of it stays here.", options.yes)) return 1;
  (*request)["dry_run"] = false;
  return do_it(settings, *request, options);
}

}  // namespace guichet::cli
