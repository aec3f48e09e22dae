#include "cli/status.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/backup_log.h"
#include "cli/control_client.h"
#include "cli/drill.h"
#include "cli/message_facts.h"
#include "cli/off_site.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/reject_lists.h"
#include "cli/tls.h"
#include "store/books.h"
#include "store/growth.h"
#include "store/marks.h"
#include "store/room.h"
#include "store/scrub_state.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Instant;

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::uint64_t days_left_min = 30;

std::string in_units(std::uint64_t octets) {
  constexpr std::uint64_t kb = 1000, mb = 1000 * kb, gb = 1000 * mb;
  if (octets < 10 * kb) return std::to_string(octets) + " octets";
  if (octets < 10 * mb) return std::to_string(octets / kb) + " KB";
  return octets < 10 * gb ? std::to_string(octets / mb) + " MB" : std::to_string(octets / gb) + " GB";
}

std::string to_minutes(Instant at) {
  auto text = at.rfc3339().substr(0, 16) + "Z";
  text[10] = ' ';
  return text;
}

std::int64_t days_since(Instant at, Instant now) {
  return (now.unix_us - at.unix_us) / day_us;
}

// What is said for people, the same for programs, and what needs doing.
struct Page {
  std::vector<std::pair<std::string, std::string>> lines;
  std::vector<std::pair<std::string, std::string>> counters;
  Json json = Json::object();
  std::vector<std::string> problems;

  void line(std::string name, std::string value) { lines.emplace_back(std::move(name), std::move(value)); }
  void problem(std::string text) { problems.push_back(std::move(text)); }
};

class Status {
 public:
  Status(const conf::Settings& settings, StoreView& store) : settings_(settings), store_(store) {}

  Page run() {
    gateway();
    reject_lists();
    tls();
    messages();
    disk();
    filters();
    off_site();
    scrub();
    drill();
    return std::move(page_);
  }

 private:
  void gateway() {
    const bool runs = gateway_listens(settings_.store.path);
    const bool detached = store::detached(*store_.disk, settings_.store.path);
    page_.line("gateway", runs ? "runs" : "does not run");
    page_.json["gateway"] = runs;
    page_.json["detached"] = detached;
    if (runs) counters();
    if (!runs) page_.problem("no mail is taken: systemctl start guichet, then journalctl -u guichet");
    if (detached) page_.problem("this is a detached copy: it hands nothing over until guichet adopt");
  }

  // Since the gateway started. People see what counted at all, programs see all.
  void counters() {
    const auto counters = ask_for_counters(settings_.store.path);
    if (!counters) return page_.problem("the gateway does not tell its counters: " + counters.error().text);
    page_.json["counters"] = *counters;
    for (const auto& [name, value] : counters->items())
      if (value.is_number_unsigned() && value.get<std::uint64_t>() > 0)
        page_.counters.emplace_back(name, std::to_string(value.get<std::uint64_t>()));
  }

  void reject_lists() {
    const auto problem = [this](const std::string& text) { page_.problem(text); };
    const RejectLists lists(settings_.sites, {.alarm = problem, .news = [](const std::string&) {}});
  }

  void tls() {
    auto standing = tls_standing(settings_, now_.unix_us / 1'000'000);
    page_.line("tls", standing.line);
    page_.json["certificate_days_left"] =
        settings_.smtpd.tls_cert.empty() ? Json() : Json(standing.days_left);
    for (auto& problem : standing.problems)
      page_.problem(std::move(problem));
  }

  void messages() {
    const auto counts = store_.index->counts();
    if (!counts) return page_.problem("the index cannot be read: " + counts.error().text);
    page_.line("messages", std::to_string(counts->messages) + ", " + std::to_string(counts->deliveries) +
                               " deliveries, " + std::to_string(counts->waiting) + " waiting");
    page_.json["messages"] = counts->messages;
    page_.json["deliveries"] = counts->deliveries;
    page_.json["waiting"] = counts->waiting;
    books();
  }

  void books() {
    const auto rows = store_.index->books();
    if (!rows) return page_.problem("the index cannot be read: " + rows.error().text);
    const auto books = store::books_of(*rows);
    page_.line("books", in_words(books));
    page_.json["books"] = to_json(books);
    overdue();
    if (books.quarantined > 0) quarantine(books.quarantined);
    if (books.stuck > 0)
      page_.problem(std::to_string(books.stuck) +
                    " deliveries are stuck and not offered any more: guichet queue says why, guichet requeue "
                    "offers them again");
  }

  void quarantine(std::uint64_t deliveries) {
    const auto oldest = store_.index->quarantined("", 1);
    if (!oldest || oldest->empty()) return;
    const auto hours = (now_.unix_us - oldest->front().delivery.at.unix_us) / 3'600'000'000;
    page_.line("quarantine",
               std::to_string(deliveries) + ", the oldest since " + std::to_string(hours) + " h");
    page_.json["oldest_quarantined_h"] = hours;
    if (settings_.filters.quarantine_alarm_h > 0 && hours >= settings_.filters.quarantine_alarm_h)
      page_.problem(std::to_string(deliveries) + " deliveries are in quarantine, the oldest for " +
                    std::to_string(hours) + " hours: guichet quarantine list, then release or discard");
  }

  void overdue() {
    const auto oldest = store_.index->oldest_waiting();
    if (!oldest || !*oldest) return;
    const auto waiting_us = now_.unix_us - (*oldest)->at.unix_us;
    const auto hours = waiting_us / 3'600'000'000;
    page_.json["oldest_waiting_s"] = waiting_us / 1'000'000;
    if (settings_.popd.waiting_alarm_h > 0 && hours >= settings_.popd.waiting_alarm_h)
      page_.problem("a message waits for " + std::to_string(hours) +
                    " hours: does Alaveteli's poller run? guichet queue lists what waits and why");
  }

  void disk() {
    const auto growth = store::measure_growth(*store_.archive, settings_.store.reserve_percent, now_);
    if (!growth) return page_.problem("the volumes cannot be read: " + growth.error().text);
    page_.line("archive", in_units(growth->octets) + " in " + std::to_string(growth->volumes) + " volumes");
    page_.line("disk", in_units(growth->free_octets) + " free of " + in_units(growth->total_octets) +
                           forecast(*growth));
    page_.json["archive_octets"] = growth->octets;
    page_.json["volumes"] = growth->volumes;
    page_.json["free_octets"] = growth->free_octets;
    page_.json["octets_per_day"] = growth->octets_per_day ? Json(*growth->octets_per_day) : Json();
    page_.json["days_left"] = growth->days_left ? Json(*growth->days_left) : Json();
    const store::Disk::Space space{growth->free_octets, growth->total_octets};
    if (growth->free_octets <= store::Room::reserve_octets(space, settings_.store.reserve_percent))
      page_.problem("the disk is full: senders are put off with 452 until there is room");
    else if (growth->days_left && *growth->days_left < days_left_min)
      page_.problem("the disk is full in " + std::to_string(*growth->days_left) +
                    " days, and then senders are put off: make room, or move the store");
  }

  static std::string forecast(const store::Growth& growth) {
    if (!growth.octets_per_day) return "; too early to say how long that does";
    return "; grows " + in_units(*growth.octets_per_day) + " a day" +
           (growth.days_left ? ", room for " + std::to_string(*growth.days_left) + " days" : "");
  }

  void filters() {
    if (!settings_.filters.any() || !gateway_listens(settings_.store.path)) return;
    const auto standing = ask_gateway(settings_.store.path, {{"command", "filters"}});
    if (!standing) return page_.problem("the gateway does not tell of its filters: " + standing.error().text);
    const auto& down = standing->value("down", Json::object());
    page_.json["filters"] = {{"waiting", standing->value("waiting", 0)}, {"down", down}};
    page_.line("filters", std::to_string(standing->value("waiting", 0)) + " messages wait to be judged");
    for (const auto& [name, words] : down.items())
      page_.problem(name + " fails, " + text_of(down, name.c_str()) +
                    ": mail is delivered without what it would say. Once it works again, guichet judge "
                    "--again --since TIME looks at what came meanwhile");
  }

  void off_site() {
    const auto& backup = settings_.backup;
    page_.json["off_site"] = !backup.repository.empty();
    if (backup.repository.empty()) {
      page_.line("off-site", "no copy is made");
      return page_.problem("what is on this disk is nowhere else: set backup.repository (docs/backup.md)");
    }
    OffSite copies(settings_, *store_.disk, *clock_);
    const auto last = copies.last();
    const auto end = copies.end_at_rest();
    const auto behind = end ? copies.behind(*end) : Behind{};
    const auto age_s = behind.oldest ? (now_.unix_us - behind.oldest->unix_us) / 1'000'000 : 0;
    page_.line("off-site",
               last ? "snapshot of " + to_minutes(last->at) + ", " + in_units(behind.octets) + " behind"
                    : "no snapshot yet");
    page_.json["last_snapshot_at"] = last ? Json(last->at.rfc3339()) : Json();
    page_.json["oldest_not_offsite_s"] = age_s;
    const auto error = copies.log().attempt().last_error;
    if (!error.empty()) page_.problem("the last copy failed: " + error);
    if (age_s > backup.alarm_after_s)
      page_.problem("a message has not been off-site for " + std::to_string(age_s) +
                    " s: guichet backup now says why");
  }

  void scrub() {
    const auto state = store::read_scrub_state(*store_.disk, settings_.store.path);
    std::size_t damage = 0;
    Instant oldest = now_;
    for (const auto& [number, volume] : state.volumes) {
      damage += volume.damage.size();
      oldest = std::min(oldest, volume.verified);
    }
    if (state.last)
      damage += static_cast<std::size_t>(std::count_if(
          state.last->findings.begin(), state.last->findings.end(), [&state](const auto& finding) {
            return finding.kind == store::FindingKind::damage &&
                   !state.volumes.contains(finding.place.volume);
          }));
    if (settings_.store.scrub_days > 0 &&
        days_since(oldest, now_) > 3 * std::int64_t{settings_.store.scrub_days})
      page_.problem("some volume was last read " + std::to_string(days_since(oldest, now_)) +
                    " days ago: guichet verify reads them all");
    const bool known = !state.volumes.empty();
    page_.line("verified", known ? std::to_string(state.volumes.size()) + " volumes, the first of them at " +
                                       to_minutes(oldest)
                                 : "not yet");
    page_.json["verified_since"] = known ? Json(oldest.rfc3339()) : Json();
    page_.json["damage"] = damage;
    if (damage > 0)
      page_.problem("DAMAGE in the archive (" + std::to_string(damage) +
                    "): guichet verify --last names it, guichet repair says what can be had back");
  }

  void drill() {
    if (settings_.backup.repository.empty()) return;
    const auto proven = last_drill(settings_.store.path, true);
    const auto last = last_drill(settings_.store.path, false);
    page_.line("restore", proven ? "proven at " + to_minutes(proven->at) : "never proven");
    page_.json["last_proven_restore_at"] = proven ? Json(proven->at.rfc3339()) : Json();
    if (last && !last->proven()) page_.problem("the last restore drill failed: " + last->result);
    const auto limit = std::int64_t{2} * settings_.backup.drill_days;
    if (limit > 0 && proven && days_since(proven->at, now_) > limit)
      page_.problem("no restore has been proven for " + std::to_string(days_since(proven->at, now_)) +
                    " days: guichet backup drill");
  }

  const conf::Settings& settings_;
  StoreView& store_;
  const std::unique_ptr<store::Clock> clock_ = store::real_clock();
  const Instant now_ = clock_->now();
  Page page_;
};

void show(const Page& page) {
  constexpr std::size_t name_columns = 10, counter_columns = 42;
  for (const auto& [name, value] : page.lines)
    std::cout << left(name, name_columns) << "  " << plain(value) << '\n';
  if (!page.counters.empty()) std::cout << "\nsince the gateway started\n";
  for (const auto& [name, value] : page.counters)
    std::cout << "  " << left(plain(name), counter_columns) << "  " << plain(value) << '\n';
  for (const auto& problem : page.problems)
    std::cout << "! " << plain(problem) << '\n';
}

}  // namespace

int status(const conf::Settings& settings, const StatusOptions& options) {
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  auto page = Status(settings, *store).run();
  if (options.json) {
    page.json["problems"] = page.problems;
    std::cout << to_line(page.json) << '\n';
  } else {
    show(page);
  }
  return page.problems.empty() ? 0 : 1;
}

}  // namespace guichet::cli
