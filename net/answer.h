// One question down, one answer up: awaits an answer that another thread gives by calling a function once.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "net/asio.h"

namespace guichet::net {

// `start(done)` begins the work and returns at once; `done(T)` may be called from any thread, exactly once.
// The coroutine resumes in its own thread. The io_context must outlive the call of done().
template <class T, class Start>
Task<T> answer(Start start) {
  auto initiate = [](auto handler, Start begin) {
    // std::function wants a copyable target; the handler can only be moved.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    const auto executor = asio::get_associated_executor(*shared);
    std::function<void(T)> done = [shared, executor](T value) {
      asio::post(executor, [shared, value = std::move(value)]() mutable { (*shared)(std::move(value)); });
    };
    begin(std::move(done));
  };
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(T)>(std::move(initiate), awaited,
                                                                              std::move(start));
}

}  // namespace guichet::net
