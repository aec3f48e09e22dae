// RFC 1939 section 4: a maildrop is locked exclusively while a session is in TRANSACTION.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace guichet::popd {

// Thread-safe; outlives its locks. A lock goes with its session, whatever ends that.
class MaildropLocks {
 public:
  class Lock {
   public:
    Lock(MaildropLocks& locks, std::string name) : locks_(locks), name_(std::move(name)) {}
    ~Lock() { locks_.release(name_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    MaildropLocks& locks_;
    const std::string name_;
  };

  // Null: another session has it.
  [[nodiscard]] std::unique_ptr<Lock> try_lock(const std::string& name) {
    const std::lock_guard guard(mutex_);
    return held_.insert(name).second ? std::make_unique<Lock>(*this, name) : nullptr;
  }

 private:
  void release(const std::string& name) {
    const std::lock_guard guard(mutex_);
    held_.erase(name);
  }

  std::mutex mutex_;
  std::set<std::string> held_;
};

}  // namespace guichet::popd
