#include "cli/refusals.h"

#include <algorithm>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "cli/control_client.h"
#include "cli/message_facts.h"
#include "cli/moment.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/wanted.h"
#include "store/refusal_volumes.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> recipients(const Json& record) {
  std::vector<std::string> all;
  if (const auto found = record.find("recipients"); found != record.end() && found->is_array())
    for (const auto& one : *found)
      if (one.is_string()) all.push_back(one.get<std::string>());
  return all;
}

// --- Which -----------------------------------------------------------------------------------------------

struct WantedRefusals {
  const RefusalsOptions& options;
  std::optional<store::Instant> since;

  [[nodiscard]] bool wants(const Json& record) const {
    const auto at = store::Instant::from_rfc3339(text_of(record, "at"));
    if (since && (!at || *at < *since)) return false;
    const bool narrow = !options.client.empty() || !options.sender.empty() || !options.recipient.empty();
    if (record.contains("left_out")) return !narrow;
    return (options.client.empty() || text_of(record, "client") == options.client) && sender(record) &&
           recipient(record);
  }

 private:
  // What could not be read as an address is found in the line itself.
  [[nodiscard]] bool sender(const Json& record) const {
    const auto& part = options.sender;
    if (part.empty() || holds(text_of(record, "mail_from"), part)) return true;
    return text_of(record, "stage") == "mail" && holds(text_of(record, "said"), part);
  }
  [[nodiscard]] bool recipient(const Json& record) const {
    const auto& part = options.recipient;
    const auto fits = [&](const std::string& one) { return holds(one, part); };
    if (part.empty() || std::ranges::any_of(recipients(record), fits)) return true;
    return text_of(record, "stage") == "rcpt" && holds(text_of(record, "said"), part);
  }
};

// --- How they are shown ----------------------------------------------------------------------------------

std::string in_brackets(const std::string& address) {
  return std::string("<").append(address).append(">");
}

std::string who_to_whom(const Json& record) {
  const bool sender = record.contains("mail_from") && record["mail_from"].is_string();
  std::string line = sender ? "from " + in_brackets(text_of(record, "mail_from")) : "outside of a message";
  const auto all = recipients(record);
  for (const auto& one : all)
    line.append(&one == &all.front() ? " to " : ", ").append(in_brackets(one));
  return line;
}

std::string how(const Json& record) {
  std::string line = "session " + text_of(record, "session") + ", at " + text_of(record, "stage");
  if (const auto helo = text_of(record, "helo"); !helo.empty()) line += ", HELO " + helo;
  if (const auto kind = text_of(record, "recipient_class"); !kind.empty()) line += ", " + kind;
  if (const auto tls = text_of(record, "tls_version"); !tls.empty()) line += ", " + tls;
  return line;
}

std::string to_seconds(const Json& record, const char* name) {
  return text_of(record, name).substr(0, 19) + "Z";
}

void show(const Json& record) {
  constexpr std::size_t reason_columns = 20;
  if (const auto left_out = record.find("left_out"); left_out != record.end()) {
    std::cout << plain(to_seconds(record, "at")) << "  " << plain(to_line(*left_out))
              << " more were refused since " << plain(to_seconds(record, "from")) << ", and not kept\n";
    return;
  }
  std::cout << plain(to_seconds(record, "at")) << "  "
            << left(plain(text_of(record, "reason")), reason_columns) << "  "
            << plain(text_of(record, "client")) << "  " << plain(who_to_whom(record)) << '\n'
            << "    " << plain(text_of(record, "host")) << " answered: " << plain(text_of(record, "reply"))
            << '\n'
            << "    " << plain(how(record)) << '\n';
  if (const auto said = text_of(record, "said"); !said.empty())
    std::cout << "    to: " << plain(said) << '\n';
}

// --- Where they are --------------------------------------------------------------------------------------

using Records = std::vector<Json>;

// Oldest first. What is behind the last whole record is what a crash left, or is being written.
store::Result<Records> records_of(store::Disk& disk, const store::RefusalVolume& volume, bool& damaged) {
  Records records;
  const auto scan = store::read_refusals(disk, volume, [&](const store::ScannedRecord& record) {
    auto json = Json::parse(record.block, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) records.push_back(std::move(json));
    return store::Result<void>();
  });
  if (!scan) return tl::unexpected(scan.error());
  for (const auto& flaw : scan->flaws) {
    if (flaw.place.offset >= scan->end) continue;
    damaged = true;
    complain("damage: " + volume.path.filename().string() + " at " + std::to_string(flaw.place.offset) +
             ": " + flaw.text);
  }
  return records;
}

// False: there is damage. The visitor's false ends it.
store::Result<bool> newest_first(store::Disk& disk, const std::vector<store::RefusalVolume>& volumes,
                                 const std::function<bool(const Json&)>& visit) {
  bool damaged = false;
  for (const auto& volume : volumes | std::views::reverse) {
    const auto records = records_of(disk, volume, damaged);
    // Deleted meanwhile, for its age.
    if (!records && records.error().kind == store::ErrorKind::absent) continue;
    if (!records) return tl::unexpected(records.error());
    for (const auto& record : *records | std::views::reverse)
      if (!visit(record)) return !damaged;
  }
  return !damaged;
}

}  // namespace

int refusals(const conf::Settings& settings, const RefusalsOptions& options) {
  const WantedRefusals wanted{options, parse_moment(options.since)};
  if (!options.since.empty() && !wanted.since)
    return complain("--since takes a time, such as 2026-11-22 18:54 (UTC)"), bad_usage;
  const auto archive = open_archive(settings.store.path);
  if (!archive) return complain(archive.error().text);
  // What was refused in the last second; without a gateway there is nothing to wait for.
  (void)ask_gateway(settings.store.path, {{"command", "refusals"}});
  const auto volumes = store::refusal_volumes(*archive->disk, settings.store.path);
  if (!volumes) return complain(volumes.error().text);
  std::uint64_t shown = 0;
  const auto sound = newest_first(*archive->disk, *volumes, [&](const Json& record) {
    if (!wanted.wants(record)) return true;
    if (options.json)
      std::cout << (shown == 0 ? "[\n" : ",\n") << to_line(record);
    else
      show(record);
    return ++shown != options.limit;
  });
  if (options.json) std::cout << (shown == 0 ? "[]\n" : "\n]\n");
  if (!options.json && shown == 0) std::cout << "nothing was refused\n";
  if (!sound) return complain(sound.error().text);
  return *sound ? 0 : 1;
}

}  // namespace guichet::cli
