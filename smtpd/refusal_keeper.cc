#include "smtpd/refusal_keeper.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace guichet::smtpd {
namespace {

using namespace std::chrono_literals;

constexpr auto gathering = 1s;
constexpr std::int64_t hour_us = 3'600'000'000;
constexpr std::size_t waiting_max = 2000;            // while the disk does not answer
constexpr std::uint64_t record_octets_around = 700;  // the header of one

}  // namespace

RefusalKeeper::RefusalKeeper(store::Disk& disk, store::Clock& clock, store::IdSource& ids,
                             RefusalOptions options)
    : disk_(disk),
      clock_(clock),
      options_(std::move(options)),
      writer_(disk, clock, ids, options_.store),
      budget_(options_.limits),
      octets_left_today_(
          options_.octets_per_day_max -
          std::min(options_.octets_per_day_max, store::refusal_octets(disk, options_.store, clock.now()))),
      today_(store::refusal_day(clock.now())),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

RefusalKeeper::~RefusalKeeper() {
  thread_.request_stop();
  thread_.join();
}

RefusalKeeper::Added RefusalKeeper::add(const RefusalRecord& record) {
  if (options_.keep_days == 0) {
    const std::lock_guard lock(mutex_);
    return budget_.admit(record.client.address, record.at) ? Added::not_wanted : Added::left_out;
  }
  auto block = encode_refusal(record);
  const std::lock_guard lock(mutex_);
  if (store::refusal_day(record.at) != std::exchange(today_, store::refusal_day(record.at)))
    octets_left_today_ = options_.octets_per_day_max;
  if (!budget_.admit(record.client.address, record.at)) return Added::left_out;
  const auto octets = block.size() + record_octets_around;
  if (octets > octets_left_today_ || waiting_.size() >= waiting_max) {
    budget_.leave_out(1, record.at);
    return Added::no_room;
  }
  octets_left_today_ -= octets;
  waiting_.push_back(std::move(block));
  changed_.notify_all();
  return Added::kept;
}

void RefusalKeeper::flush() {
  std::unique_lock lock(mutex_);
  const auto mine = ++asked_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return done_ >= mine; });
}

void RefusalKeeper::run(const std::stop_token& stop) {
  delete_old();
  for (bool last = false; !last;) {
    std::unique_lock lock(mutex_);
    wait_for_some(lock, stop);
    last = stop.stop_requested();
    const auto asked = last ? UINT64_MAX : asked_;
    const auto blocks = take(last);
    lock.unlock();
    write(blocks);
    delete_old();
    lock.lock();
    done_ = asked;
    changed_.notify_all();
  }
}

// Wakes for the first, and gathers others for a second more; each hour in any case.
void RefusalKeeper::wait_for_some(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto asked = [this] { return asked_ > done_; };
  changed_.wait_for(lock, stop, 1h, [&] { return asked() || !waiting_.empty(); });
  if (!stop.stop_requested()) changed_.wait_for(lock, stop, gathering, asked);
}

std::vector<std::string> RefusalKeeper::take(bool last) {
  auto blocks = std::exchange(waiting_, {});
  // On a full day, only when it is over: a record a minute would go on filling it.
  const bool full = octets_left_today_ < record_octets_around * 2;
  if (full && !last) return blocks;
  const auto left_out = budget_.take_left_out(clock_.now(), last);
  if (left_out && options_.keep_days > 0) blocks.push_back(encode_left_out(*left_out));
  return blocks;
}

void RefusalKeeper::write(const std::vector<std::string>& blocks) {
  if (blocks.empty()) return;
  auto wrote = options_.has_room()
                   ? writer_.append(blocks)
                   : store::fail(store::ErrorKind::no_space, "no room but what is reserved for mail");
  if (wrote) {
    failed_ = false;
    return;
  }
  if (!std::exchange(failed_, true)) options_.alarm("refusals are not kept, mail is: " + wrote.error().text);
  const std::lock_guard lock(mutex_);
  budget_.leave_out(blocks.size(), clock_.now());
}

void RefusalKeeper::delete_old() {
  const auto now = clock_.now();
  if (looked_for_old_ && now.unix_us - looked_for_old_->unix_us < hour_us) return;
  looked_for_old_ = now;
  if (!options_.may_delete_old()) return;
  const auto deleted = store::delete_refusals(disk_, options_.store, now, options_.keep_days);
  if (!deleted) options_.alarm("old refusals cannot be deleted: " + deleted.error().text);
}

}  // namespace guichet::smtpd
