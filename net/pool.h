// A bounded pool of threads for work that blocks: reading a volume, hashing a password, writing a spool file.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>

#include "net/answer.h"

namespace guichet::net {

class Pool {
 public:
  explicit Pool(unsigned threads) : pool_(threads) {}
  ~Pool() { stop(); }

  // Runs `work` in the pool and awaits its result.
  template <class T>
  Task<T> run(std::function<T()> work) {
    auto start = [this, work = std::move(work)](std::function<void(T)> done) mutable {
      asio::post(pool_, [work = std::move(work), done = std::move(done)] { done(work()); });
    };
    return answer<T>(std::move(start));
  }

  // The same for work that nobody waits for.
  void post(std::function<void()> work) { asio::post(pool_, std::move(work)); }

  void stop() { pool_.join(); }  // after what is queued

 private:
  asio::thread_pool pool_;
};

}  // namespace guichet::net
