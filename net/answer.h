// One question down, one answer up: awaits an answer that another thread gives by calling a function once.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "net/asio.h"

namespace guichet::net {

// While one is alive on a thread, the answers that this thread gives wait for its end, and go to each loop in
// one piece. One by one they would wake the loop for the first, which then often takes the processor from the
// one that answers, sends a reply and sleeps again: two switches for each answer of a batch.
class Together {
 public:
  Together() : outer_(std::exchange(current_, this)) {}
  ~Together() {
    current_ = outer_;
    for (auto& [executor, calls] : groups_)
      asio::post(executor, [all = std::move(calls)] {
        for (const auto& call : all)
          call();
      });
  }
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;

  // Calls `call` in the thread of the executor, later.
  static void post(const Executor& executor, std::function<void()> call) {
    if (!current_) return asio::post(executor, std::move(call));
    current_->group_of(executor).push_back(std::move(call));
  }

 private:
  using Calls = std::vector<std::function<void()>>;

  Calls& group_of(const Executor& executor) {
    for (auto& [known, calls] : groups_)
      if (known == executor) return calls;
    return groups_.emplace_back(executor, Calls()).second;
  }

  static inline thread_local Together* current_ = nullptr;
  Together* const outer_;
  std::vector<std::pair<Executor, Calls>> groups_;
};

// `start(done)` begins the work and returns at once; `done(T)` may be called from any thread, exactly once.
// The coroutine resumes in its own thread. The io_context must outlive the call of done().
template <class T, class Start>
Task<T> answer(Start start) {
  auto initiate = [](auto handler, Start begin) {
    // std::function wants a copyable target; the handler can only be moved.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    const auto executor = asio::get_associated_executor(*shared);
    std::function<void(T)> done = [shared, executor](T value) {
      Together::post(executor, [shared, value = std::move(value)]() mutable { (*shared)(std::move(value)); });
    };
    begin(std::move(done));
  };
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(T)>(std::move(initiate), awaited,
                                                                              std::move(start));
}

}  // namespace guichet::net
