#include "net/loop.h"

#include <pthread.h>

#include <chrono>
#include <future>

namespace guichet::net {

namespace {

using Clock = std::chrono::steady_clock;

// Sleeping between two steps of a session costs the client a wake-up each time: tens of microseconds, where
// the step itself takes ten.
void run(asio::io_context& context, std::chrono::microseconds busy_poll) {
  ::pthread_setname_np(::pthread_self(), "io");
  auto last_work = Clock::now();
  while (!context.stopped()) {
    if (context.poll() > 0) {
      last_work = Clock::now();
    } else if (Clock::now() - last_work < busy_poll) {
      std::this_thread::yield();
    } else {
      context.run_one();
      last_work = Clock::now();
    }
  }
}

}  // namespace

Loops::Loops(unsigned count, std::chrono::microseconds busy_poll) : busy_poll_(busy_poll) {
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
    threads_.emplace_back([this, &context = loop->context] { run(context, busy_poll_); });
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

unsigned Loops::turn(const std::function<void()>& call) {
  for (auto& loop : loops_)
    asio::post(loop->context, call);
  return static_cast<unsigned>(loops_.size());
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

bool Loops::drain() {
  std::size_t left = 0;
  for (auto& loop : loops_) {
    loop->context.restart();
    loop->context.poll();
    left += loop->sessions.count();
  }
  return left == 0;
}

}  // namespace guichet::net
