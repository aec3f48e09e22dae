// The parts of Asio this project uses, with the types fixed once: one executor type, errors as values.
//
// Traps of g++ 12 (ARCHITECTURE.md, "Coroutines"): no lambda and no aggregate temporary inside a co_await
// expression, one co_await a statement. Name it first.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>

namespace guichet::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;
template <class T>
using Task = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                               asio::wait_traits<std::chrono::steady_clock>, Executor>;

inline constexpr asio::use_awaitable_t<Executor> awaited;
// Network failure is a value: the result is a tuple that begins with the error code.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> awaited_tuple;

// The end of a coroutine that must not end quietly: without it nobody would be accepted, or no deadline kept.
// An exception of it (there is no memory) ends the process, and the service manager starts another.
inline void rethrow(const std::exception_ptr& problem) {
  if (problem) std::rethrow_exception(problem);
}

}  // namespace guichet::net
