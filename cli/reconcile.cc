#include "cli/reconcile.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "cli/act.h"
#include "cli/moment.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/reconcile_keys.h"
#include "cli/reconcile_list.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Instant;
using store::Result;

constexpr std::size_t page_rows = 1024, act_rows = 4000;

class Reconciliation {
 public:
  Reconciliation(StoreView& store, const ReconcileList& list, Instant since, Instant until)
      : unknown(list.entries), store_(store), list_(list), since_(since), until_(until) {}

  Result<void> run() {
    for (std::optional<store::DeliveryKey> last;;) {
      const auto rows = store_.index->deliveries_after(last, page_rows);
      if (!rows) return tl::unexpected(rows.error());
      if (rows->empty()) return {};
      last = store::DeliveryKey{rows->back().message, rows->back().uid};
      for (const auto& row : *rows)
        if (row.state != store::DeliveryState::erased) judge(row);
    }
  }

  using Rows = std::vector<store::DeliveryRow>;
  Rows found, missing, different;
  std::set<std::string, std::less<>> unknown;  // of the list's entries
  std::size_t looked_at = 0, summed = 0, damaged = 0;

 private:
  void judge(const store::DeliveryRow& row) {
    const bool over = row.state == store::DeliveryState::handed_over && row.handed_over_at &&
                      since_ <= *row.handed_over_at && *row.handed_over_at < until_;
    if (!over && unknown.empty()) return;
    ++looked_at;
    const auto octets = octets_of(store_, row);
    if (!octets) return unreadable(row, octets.error());
    const auto key = list_.by == ListedBy::message_id ? message_id_of(store_, *octets)
                                                      : checksum_of(store_, *octets, list_.by);
    if (!key) return unreadable(row, key.error());
    unknown.erase(*key);
    if (!over) return;
    if (!list_.entries.contains(*key)) return missing.push_back(row);
    compare(row, *octets, *key);
  }

  // One Message-ID may be of several deliveries, each with a prefix of its own.
  void compare(const store::DeliveryRow& row, const DeliveryOctets& octets, const std::string& key) {
    const auto listed = list_.checksums.find(key);
    if (listed == list_.checksums.end()) return found.push_back(row);
    ++summed;
    for (const auto by : {ListedBy::sha1, ListedBy::md5}) {
      const auto sum = checksum_of(store_, octets, by);
      if (!sum) return unreadable(row, sum.error());
      if (listed->second.contains(*sum)) return found.push_back(row);
    }
    // Whose fault is it? What is damaged here was not so when it was handed over.
    if (auto sound = store_.archive->check(octets.place, octets.digest); !sound)
      return unreadable(row, sound.error());
    different.push_back(row);
  }

  void unreadable(const store::DeliveryRow& row, const store::Error& why) {
    complain("delivery " + row.uid.uuid.text() + ": " + why.text);
    ++damaged;
  }

  StoreView& store_;
  const ReconcileList& list_;
  const Instant since_, until_;
};

Result<void> act_on(Acting& acting, const char* command, const std::string& reason,
                    const std::vector<store::DeliveryRow>& rows) {
  for (std::size_t at = 0; at < rows.size(); at += act_rows) {
    Json request{{"command", command}, {"reason", reason}, {"deliveries", Json::array()}};
    for (auto i = at; i < std::min(rows.size(), at + act_rows); ++i)
      request["deliveries"].push_back(Json::array({rows[i].message.uuid.text(), rows[i].uid.uuid.text()}));
    if (auto done = acting.act(std::move(request)); !done) return tl::unexpected(done.error());
  }
  std::cout << rows.size() << (command == std::string("confirm") ? " confirmed\n" : " offered again\n");
  return {};
}

Result<void> act_on(const conf::Settings& settings, const ReconcileOptions& options,
                    const Reconciliation& done) {
  if (!options.requeue && !options.confirm) return {};
  const auto acting = Acting::begin(settings);
  if (!acting) return tl::unexpected(acting.error());
  if (options.confirm)
    if (auto said = act_on(**acting, "confirm", "", done.found); !said) return said;
  return options.requeue ? act_on(**acting, "requeue", options.reason, done.missing) : Result<void>();
}

const char* name_of(ListedBy by) {
  return by == ListedBy::message_id ? "Message-ID" : by == ListedBy::sha1 ? "SHA-1" : "MD5";
}

void say_each(const char* what, const Reconciliation::Rows& rows) {
  for (const auto& row : rows)
    std::cout << what << row.message.uuid.text() << "  " << row.uid.uuid.text() << "  handed over "
              << row.handed_over_at->rfc3339() << "  " << plain(row.recipient) << '\n';
}

void say(const ReconcileList& list, const ReconcileOptions& options, const Reconciliation& done) {
  say_each("missing  ", done.missing);
  say_each("differs  ", done.different);
  if (options.unknown)
    for (const auto& entry : done.unknown)
      std::cout << "unknown  " << plain(entry) << '\n';
  const auto compared = done.found.size() + done.missing.size() + done.different.size();
  std::cout << compared << " handed over in the period, of " << done.looked_at << " looked at, compared with "
            << list.entries.size() << " entries by " << name_of(list.by);
  if (options.checksums)
    std::cout << " and " << done.summed << " checksums: " << done.different.size() << " differ";
  std::cout << "; " << done.damaged << " could not be read\n"
            << done.found.size() << " handed over and there, " << done.missing.size()
            << " handed over and missing, " << done.unknown.size() << " there that this store does not know, "
            << list.unreadable << " lines not understood\n";
}

std::optional<Instant> moment_or(const std::string& text, Instant otherwise) {
  return text.empty() ? otherwise : parse_moment(text);
}

}  // namespace

int reconcile(const conf::Settings& settings, const ReconcileOptions& options) {
  const auto since = moment_or(options.since, {INT64_MIN}), until = moment_or(options.until, {INT64_MAX});
  if (!since || !until) return complain("no time (2026-11-22 18:54, in UTC)"), bad_usage;
  if (options.requeue && options.reason.empty()) return complain("--requeue needs a --reason"), bad_usage;
  std::ifstream stream(options.file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.is_open()) return complain(options.file.string() + ": " + std::strerror(errno));
  const auto list = parse_list(text, options.checksums ? ListColumns::id_and_checksum : ListColumns::one);
  if (!list) return complain(options.file.string() + " is empty: nothing can be told from that");
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  Reconciliation done(*store, *list, *since, *until);
  if (auto run = done.run(); !run) return complain(run.error().text);
  say(*list, options, done);
  store->index.reset();
  if (auto acted = act_on(settings, options, done); !acted) return complain(acted.error().text);
  return done.missing.empty() && done.different.empty() && done.damaged == 0 ? 0 : 1;
}

}  // namespace guichet::cli
