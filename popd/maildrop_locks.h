// RFC 1939 section 4: a maildrop is locked exclusively while a session is in TRANSACTION.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace guichet::popd {

// Thread-safe; outlives its locks. A lock goes with its session, whatever ends that.
//
// A peer whose machine vanished leaves a session that says nothing. The next login with the right password
// may send such a session away: it is asked to end, and the lock is free when it has.
class MaildropLocks {
 public:
  using Clock = std::chrono::steady_clock;

  struct Holder {
    std::function<void()> send_away;  // called from any thread, at most once, while the lock is held
    std::atomic<Clock::rep> last_heard;
    bool sent_away = false;
  };

  class Lock {
   public:
    Lock(MaildropLocks& locks, std::string name, Holder& holder)
        : locks_(locks), name_(std::move(name)), holder_(holder) {}
    ~Lock() { locks_.release(name_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    // The session's client said something.
    void heard(Clock::time_point now) { holder_.last_heard = now.time_since_epoch().count(); }

   private:
    MaildropLocks& locks_;
    const std::string name_;
    Holder& holder_;
  };

  // Null: another session has it. If that has not been heard of for `idle`, it is on its way out: try again.
  [[nodiscard]] std::unique_ptr<Lock> try_lock(const std::string& name, Clock::time_point now,
                                               Clock::duration idle, std::function<void()> send_away) {
    const std::lock_guard guard(mutex_);
    auto& holder = held_[name];
    if (holder) {
      send_away_if_idle(*holder, now, idle);
      return nullptr;
    }
    holder = std::make_unique<Holder>();
    holder->send_away = std::move(send_away);
    holder->last_heard = now.time_since_epoch().count();
    return std::make_unique<Lock>(*this, name, *holder);
  }

 private:
  static void send_away_if_idle(Holder& holder, Clock::time_point now, Clock::duration idle) {
    const Clock::time_point heard{Clock::duration(holder.last_heard.load())};
    if (holder.sent_away || now - heard < idle) return;
    holder.sent_away = true;
    holder.send_away();
  }

  void release(const std::string& name) {
    const std::lock_guard guard(mutex_);
    held_.erase(name);
  }

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Holder>> held_;
};

}  // namespace guichet::popd
