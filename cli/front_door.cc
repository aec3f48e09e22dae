#include "cli/front_door.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <variant>

#include "conf/shape.h"
#include "smtpd/envelope.h"
#include "store/index.h"

namespace guichet::cli {
namespace {

using tl::unexpected;

constexpr std::size_t rows_at_once = 500;

tl::expected<smtpd::DoorEntries, std::string> entries_of(const std::vector<std::string>& entries,
                                                         const std::filesystem::path& file) {
  smtpd::DoorEntries made;
  for (const auto& entry : entries)
    made.add(entry);
  if (file.empty()) return made;
  errno = 0;
  std::ifstream lines(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(lines), {}};
  if (!lines.is_open() || lines.bad())
    return unexpected("cannot read " + file.string() + ": " + std::generic_category().message(errno));
  for (const auto& [number, entry] : smtpd::door_lines(text)) {
    if (!conf::door_entry.holds(entry))
      return unexpected(file.string() + ":" + std::to_string(number) + ": " + std::string(entry) +
                        " is not " + std::string(conf::door_entry.name) + "; allowed are " +
                        std::string(conf::door_entry.rule));
    made.add(entry);
  }
  return made;
}

std::vector<smtpd::DoorList> lists_of(const conf::Settings& settings) {
  std::vector<smtpd::DoorList> lists;
  for (const auto& list : settings.front_door_lists) {
    const int weight = static_cast<int>(list.weight);
    lists.push_back({list.zone, list.allows ? -weight : weight, list.answer});
  }
  return lists;
}

smtpd::WhenListed when_listed(conf::Listed listed) {
  switch (listed) {
    case conf::Listed::tag:
      return smtpd::WhenListed::tag;
    case conf::Listed::defer:
      return smtpd::WhenListed::defer;
    case conf::Listed::refuse:
      break;
  }
  return smtpd::WhenListed::refuse;
}

}  // namespace

tl::expected<smtpd::DoorRules, std::string> door_rules(const conf::Settings& settings) {
  const auto& door = settings.front_door;
  auto allow = entries_of(door.allow, door.allow_file);
  if (!allow) return unexpected(allow.error());
  auto deny = entries_of(door.deny, door.deny_file);
  if (!deny) return unexpected(deny.error());
  smtpd::DoorRules rules{.reverse_name = door.reverse_name,
                         .greet_delay_ms = door.greet_delay_ms,
                         .refuse_early_talkers = door.early_talkers == conf::EarlyTalkers::refuse,
                         .helo_checks = door.helo_checks,
                         .lists = lists_of(settings),
                         .threshold = static_cast<int>(door.threshold),
                         .when_listed = when_listed(door.listed),
                         .greylist = door.greylist,
                         .allow = std::move(*allow),
                         .deny = std::move(*deny),
                         .trusted = {},
                         .hostname = settings.smtpd.hostname};
  for (const auto& network : settings.smtpd.trusted_networks)
    if (auto parsed = smtpd::parse_network(network)) rules.trusted.push_back(std::move(*parsed));
  return rules;
}

void ArchiveLessons::learn(std::size_t messages, const std::stop_token& stop) {
  const auto since = greylist_.learning_since();
  if (!since) return;
  const auto index = store::IndexReader::open(store::index_file(archive_.folder()));
  if (!index) return;
  for (; messages > 0 && !stop.stop_requested(); messages -= std::min(messages, rows_at_once)) {
    const auto rows = (*index)->newest(rows_at_once, before_);
    const auto learnt = [this](const store::MessageRow& row) { return learn_from(row); };
    if (!rows || !std::ranges::all_of(*rows, learnt))
      return before_.reset();  // again from the beginning, later
    if (rows->size() < rows_at_once || rows->back().received < *since) {
      before_.reset();
      return greylist_.learnt();
    }
    before_ = rows->back().message;
  }
}

bool ArchiveLessons::learn_from(const store::MessageRow& row) {
  const auto fact = archive_.fact(row.place);
  const auto* received = fact ? std::get_if<store::Received>(&*fact) : nullptr;
  if (received == nullptr) return true;  // erased, or damaged, which others complain of
  const auto envelope = smtpd::decode_envelope(received->envelope);
  if (!envelope || envelope->client.empty()) return true;
  return greylist_.delivered(envelope->client, envelope->mail_from, row.received);
}

bool in_use(const smtpd::DoorRules& rules) {
  return asks_dns(rules) || remembers(rules) || rules.helo_checks || rules.decides();
}

smtpd::GreylistOptions greylist_options(const conf::Settings& settings) {
  const auto& door = settings.front_door;
  return {.file = settings.store.path / "greylist.sqlite",
          .delay_s = door.greylist_delay_s,
          .window_s = std::int64_t{door.greylist_window_h} * 3600,
          .known_s = std::int64_t{door.greylist_known_days} * 86'400,
          .rows_max = door.greylist_rows_max,
          .learns = false};
}

net::Resolver::Options resolver_options(const conf::ResolverSettings& settings) {
  return {.servers = settings.servers,
          .deadline = std::chrono::milliseconds(settings.deadline_ms),
          .in_flight_max = settings.in_flight_max};
}

}  // namespace guichet::cli
