#include "net/listener.h"

#include <boost/asio/ip/v6_only.hpp>

namespace guichet::net {

// --- Admission -----------------------------------------------------------------------------------------

std::unique_ptr<Admission::Ticket> Admission::enter(const asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  const auto from_address = ++per_address_[address];
  ++sessions_;
  const bool trusted = trusted_.contain(address);
  auto verdict = Verdict::welcome;
  if (from_address > limits_.per_address_max && !trusted) verdict = Verdict::too_many_from_address;
  if (sessions_ > limits_.sessions_max - (trusted ? 0 : limits_.reserved)) verdict = Verdict::too_many;
  return std::make_unique<Ticket>(*this, address, verdict);
}

void Admission::leave(const asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  --sessions_;
  const auto found = per_address_.find(address);
  if (--found->second == 0) per_address_.erase(found);
}

// --- Listener ------------------------------------------------------------------------------------------

namespace {

boost::system::error_code open_acceptor(Acceptor& acceptor, const asio::ip::tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  // REUSEADDR lets a restart take the port at once; never REUSEPORT, which would let two gateways share it.
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

}  // namespace

tl::expected<std::unique_ptr<Listener>, std::string> Listener::open(const std::string& address,
                                                                    Loops& loops) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint) return tl::unexpected("cannot listen on " + address + ": not an address:port");
  Acceptor acceptor(loops.first().context.get_executor());
  if (const auto error = open_acceptor(acceptor, *endpoint); error)
    return tl::unexpected("cannot listen on " + address + ": " + error.message());
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), loops));
}

Listener::Listener(Acceptor acceptor, Loops& loops)
    : acceptor_(std::move(acceptor)), loops_(loops), local_(acceptor_.local_endpoint()) {}

void Listener::start(Serve serve, Admission& admission, Trouble trouble) {
  serve_ = std::move(serve);
  admission_ = &admission;
  trouble_ = std::move(trouble);
  asio::co_spawn(acceptor_.get_executor(), accept_all(), asio::detached);
}

void Listener::stop() {
  stopped_ = true;
  asio::post(acceptor_.get_executor(), [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  });
}

Task<void> Listener::accept_all() {
  while (!stopped_) {
    auto& loop = loops_.next();
    Socket socket(loop.context.get_executor());
    asio::ip::tcp::endpoint client;
    const auto [error] = co_await acceptor_.async_accept(socket, client, awaited_tuple);
    if (stopped_) co_return;
    if (!error) {
      deal(std::move(socket), loop, client);
    } else if (error != asio::error::connection_aborted) {
      co_await wait_for_descriptors(error);
    }
  }
}

// Out of descriptors or memory: the clients stay in the backlog and are served when sessions have ended.
Task<void> Listener::wait_for_descriptors(boost::system::error_code error) {
  trouble_("cannot accept on " + address() + ": " + error.message() + "; trying again in 100 ms");
  SteadyTimer timer(acceptor_.get_executor());
  timer.expires_after(std::chrono::milliseconds(100));
  co_await timer.async_wait(awaited_tuple);
}

void Listener::deal(Socket socket, Loop& loop, const asio::ip::tcp::endpoint& client) {
  Accepted accepted{std::move(socket), client, local_, admission_->enter(client.address()), loop};
  asio::co_spawn(loop.context.get_executor(), serve_(std::move(accepted)), asio::detached);
}

}  // namespace guichet::net
