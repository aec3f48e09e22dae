#include "cli/restore.h"

#include <iostream>

#include "cli/act.h"
#include "cli/control_client.h"
#include "cli/moment.h"
#include "cli/owner.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/restoring.h"
#include "store/erasure_journal.h"
#include "store/index.h"
#include "store/marks.h"
#include "store/recovery.h"
#include "store/requeue.h"
#include "store/store.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::ErrorKind;
using store::fail;
using store::Result;

constexpr std::uint64_t spare_beside_a_gateway_octets = 512ull << 20;  // its reserve, and mail meanwhile

void say(const std::string& step) {
  std::cout << plain(step) << std::endl;
}

void complain_only(const std::string& text) {
  complain(text);
}

// --- Into an empty folder ------------------------------------------------------------------------------

// What is neither waiting nor handed over.
std::string erased_of(const store::VerifyReport& report) {
  return report.erased == 0 ? "" : ", " + std::to_string(report.erased) + " erased before that";
}

Result<std::string> totals(const fs::path& folder, const store::VerifyReport& report) {
  auto index = store::IndexReader::open(store::index_file(folder));
  if (!index) return tl::unexpected(index.error());
  const auto counts = (*index)->counts();
  if (!counts) return tl::unexpected(counts.error());
  const auto newest = (*index)->newest(1);
  if (!newest) return tl::unexpected(newest.error());
  const auto received =
      newest->empty() ? "" : " (the newest received at " + newest->front().received.rfc3339() + ")";
  return in_words(counts->messages, "message") + received + ", " + std::to_string(counts->deliveries) +
         " deliveries: " + std::to_string(counts->waiting) + " waiting, " +
         std::to_string(report.handed_over) + " handed over" + erased_of(report) + "; " +
         std::to_string(report.octets) + " octets verified";
}

void warn_of_what_is_missing(const RestoreJob& job, const RestorePoint& snapshot) {
  if (job.at && snapshot.at != store::Instant{} && snapshot.at < *job.at)
    say("note: the newest snapshot is older than the time asked for: what came after it is not there");
}

Result<void> offer_again(store::Disk& disk, const fs::path& folder) {
  const auto clock = store::real_clock();
  const auto ids = store::random_ids();
  auto opened = store::Store::open({.path = folder}, disk, *clock, *ids, complain_only);
  if (!opened) return tl::unexpected(opened.error());
  auto rows = (*opened)->ask([](store::IndexReader& index) { return index.handed_over_since({}, ""); });
  if (!rows) return tl::unexpected(rows.error());
  const auto count = store::requeue(**opened, *ids,
                                    {.deliveries = std::move(*rows),
                                     .at = clock->now(),
                                     .by = "restore --offer-again",
                                     .reason = "restored, to be offered again"});
  if (!count) return tl::unexpected(count.error());
  say(std::to_string(*count) + " deliveries that were handed over wait again");
  return {};
}

int conclude(store::Disk& disk, const RestoreRequest& request, const RestoreJob& job,
             const Restored& restored) {
  const auto damaged = show_findings(restored.report.findings);
  const auto text = totals(job.to, restored.report);
  if (!text) return complain(text.error().text);
  say("restored " + restored.snapshot.name + ": " + *text);
  warn_of_what_is_missing(job, restored.snapshot);
  if (damaged > 0 && !request.with_damage)
    return complain("there is DAMAGE (" + in_words(damaged, "finding") + "): " + job.to.string() +
                    " stays closed to guichet run; take another snapshot with --at, or this one as it is "
                    "with --with-damage");
  if (request.detached)
    if (auto marked = store::set_mark(disk, job.to, store::detached_mark, "restored --detached"); !marked)
      return complain(marked.error().text);
  if (auto ended = store::end_restore(disk, job.to); !ended) return complain(ended.error().text);
  say(request.detached ? "it is detached: it hands nothing over and backs nothing up until guichet adopt"
                       : "it can be used: set store.path to it, then guichet run");
  return damaged > 0 ? 1 : 0;
}

int run(const RestoreRequest& request, std::optional<store::Instant> at) {
  act_as_owner_of(request.folder);
  auto repository = open_repository(request.from, request.envdir);
  if (!repository) return complain(repository.error().text);
  const auto disk = store::real_disk();
  auto lock = store::begin_restore(*disk, request.folder, "from " + request.from + " " + request.at);
  if (!lock) return complain(lock.error().text);
  const RestoreJob job{.to = request.folder,
                       .at = at,
                       .spare_octets = 0,
                       .completion = {},
                       .alarm = complain_only,
                       .say = say};
  const auto restored = restore_into(**repository, *disk, job);
  if (!restored) return complain(restored.error().text);
  const int code = conclude(*disk, request, job, *restored);
  if (!request.offer_again || !store::refuse_restoring(*disk, request.folder)) return code;
  lock->reset();  // the store takes it by itself
  const auto offered = offer_again(*disk, request.folder);
  return offered ? code : complain(offered.error().text);
}

// --- History into a store ------------------------------------------------------------------------------

// A store that has never been run is made first; one that is being used is there.
Result<void> make_store(store::Disk& disk, const fs::path& path) {
  if (auto whole = store::refuse_restoring(disk, path); !whole) return whole;
  if (auto made = store::make_folder(disk, path); !made) return made;
  const auto lock = disk.lock(path / "lock");
  if (lock) return store::prepare_folder(disk, path);
  return lock.error().kind == ErrorKind::busy ? store::check_folder(disk, path)
                                              : tl::unexpected(lock.error());
}

// One volume after the other, so that whoever asks the gateway for something else waits for one at most.
Result<void> tell_gateway(const fs::path& path) {
  for (;;) {
    const auto left = ask_to_take_in_history(path);
    if (!left) return tl::unexpected(left.error());
    if (*left == 0) return {};
  }
}

// When no gateway runs this does what its start would do.
Result<void> take_into_index(const fs::path& path) {
  auto told = gateway_listens(path) ? tell_gateway(path) : open_store(path).map([](const auto&) {});
  if (told) return told;
  return fail(told.error().kind, "the history is in the store, but not in its index yet (" +
                                     told.error().text +
                                     "); the next start of the gateway takes it in, or this command again");
}

std::string said_of(const store::BroughtIn& brought, const Restored& restored) {
  const auto& report = restored.report;
  auto text = "brought in " + in_words(brought.volumes, "volume") + " of history (" +
              std::to_string(brought.octets) + " octets) from " + restored.snapshot.name;
  if (brought.there > 0) text += "; " + in_words(brought.there, "volume") + " had been brought in before";
  return text + ": " + in_words(report.messages, "message") + ", " + std::to_string(report.deliveries) +
         " deliveries: " + std::to_string(report.deliveries - report.handed_over - report.erased) +
         " waiting, " + std::to_string(report.handed_over) + " handed over; every octet of it is verified";
}

class Merging {
 public:
  Merging(const conf::Settings& settings, const RestoreRequest& request, std::optional<store::Instant> at)
      : settings_(settings),
        path_(settings.store.path),
        request_(request),
        at_(at),
        disk_(store::real_disk()) {}

  int run(Repository& repository) {
    if (auto made = make_store(*disk_, path_); !made) return complain(made.error().text);
    const auto only = disk_->lock(path_ / "merge.lock");
    if (!only) return complain("another restore --merge is at work: " + only.error().text);
    remove();
    const int code = merge(repository);
    remove();
    return code;
  }

 private:
  int merge(Repository& repository) {
    const auto lock = store::begin_restore(*disk_, beside_, "from " + request_.from + " --merge");
    if (!lock) return complain(lock.error().text);
    const RestoreJob job{.to = beside_,
                         .at = at_,
                         .spare_octets = spare_beside_a_gateway_octets,
                         .completion = {.with_index = false, .verify = {}},
                         .alarm = complain_only,
                         .say = say};
    const auto restored = restore_into(repository, *disk_, job);
    if (!restored) return complain(restored.error().text);
    const auto damaged = show_findings(restored->report.findings);
    if (damaged > 0 && !request_.with_damage)
      return complain("there is DAMAGE (" + in_words(damaged, "finding") +
                      "): nothing was brought in; take another snapshot with --at, or this one as it is with "
                      "--with-damage");
    return publish(*restored, damaged > 0 ? 1 : 0);
  }

  Result<void> take_in_erasures() const {
    if (erasures_.empty()) return {};
    return act(settings_, {{"command", "take in erasures"}, {"erasures", erasures_}}).map([](const auto&) {});
  }

  // What was erased there is erased in these volumes already; a restore of this store has to know as well.
  Result<void> read_erasures() {
    const auto all = store::ErasureJournal(*disk_, beside_).all();
    if (!all) return tl::unexpected(all.error());
    for (const auto& erased : *all)
      erasures_.push_back(nlohmann::ordered_json::parse(store::encode_fact(erased)));
    return {};
  }

  int publish(const Restored& restored, int code) {
    if (auto read = read_erasures(); !read) return complain(read.error().text);
    const auto brought = store::bring_in(*disk_, beside_, path_);
    if (!brought) return complain(brought.error().text);
    if (auto taken = take_into_index(path_); !taken) return complain(taken.error().text);
    remove();  // what is on its way in is in: erasing goes on
    if (auto erased = take_in_erasures(); !erased) return complain(erased.error().text);
    say(said_of(*brought, restored));
    return code;
  }

  void remove() {
    std::error_code error;
    fs::remove_all(beside_, error);
  }

  const conf::Settings& settings_;
  const fs::path path_;
  nlohmann::ordered_json erasures_ = nlohmann::ordered_json::array();
  const fs::path beside_ = path_ / "merging";
  const RestoreRequest& request_;
  const std::optional<store::Instant> at_;
  const std::unique_ptr<store::Disk> disk_;
};

template <class Run>
int at_time_of(const RestoreRequest& request, Run run) {
  if (request.at.empty()) return run(std::optional<store::Instant>());
  const auto at = parse_moment(request.at);
  if (at) return run(at);
  complain("--at " + request.at + " is no time: write 2026-11-23T04:30:00Z, or \"2026-11-23 04:30\" for UTC");
  return bad_usage;
}

}  // namespace

int restore(const RestoreRequest& request) {
  return at_time_of(request, [&](auto at) { return run(request, at); });
}

int restore_merge(const conf::Settings& settings, const RestoreRequest& request) {
  return at_time_of(request, [&](auto at) {
    act_as_owner_of(settings.store.path);
    auto repository = open_repository(request.from, request.envdir);
    if (!repository) return complain(repository.error().text);
    return Merging(settings, request, at).run(**repository);
  });
}

}  // namespace guichet::cli
