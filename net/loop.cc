#include "net/loop.h"

#include <future>

namespace guichet::net {

Loops::Loops(unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    loops_.push_back(std::make_unique<Loop>());
}

Loops::~Loops() {
  for (auto& loop : loops_)
    loop->context.stop();
  for (auto& thread : threads_)
    thread.join();
}

void Loops::start() {
  for (auto& loop : loops_)
    threads_.emplace_back([&context = loop->context] { context.run(); });
}

Loop& Loops::next() {
  return *loops_[next_++ % loops_.size()];
}

void Loops::for_each(const std::function<void(Loop&)>& call) {
  for (auto& loop : loops_) {
    std::promise<void> called;
    asio::post(loop->context, [&] {
      call(*loop);
      called.set_value();
    });
    called.get_future().wait();
  }
}

std::size_t Loops::sessions_left() {
  std::size_t left = 0;
  for_each([&left](Loop& loop) { left += loop.sessions.count(); });
  return left;
}

void Loops::stop(std::chrono::seconds grace) {
  const auto end = std::chrono::steady_clock::now() + grace;
  for_each([](Loop& loop) { loop.sessions.stop(); });
  while (sessions_left() > 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  for_each([](Loop& loop) { loop.sessions.abandon(); });
  const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (sessions_left() > 0 && std::chrono::steady_clock::now() < last)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  for (auto& loop : loops_) {
    loop->work.reset();
    loop->context.stop();
  }
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

}  // namespace guichet::net
