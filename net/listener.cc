#include "net/listener.h"

#include <boost/asio/ip/v6_only.hpp>
#include <cstdint>
#include <new>
#include <utility>

#include "net/counters.h"
#include "net/log.h"

namespace guichet::net {

// --- Admission -----------------------------------------------------------------------------------------

std::unique_ptr<Admission::Ticket> Admission::enter(const asio::ip::address& address, int descriptor) {
  const bool trusted = trusted_.contain(address);
  auto place = place_of(address);
  auto ticket = std::make_unique<Ticket>(*this, trusted);
  const std::lock_guard lock(mutex_);
  auto& from_place = per_place_[place];  // the last that may throw: then nothing is counted
  ++from_place;
  ++sessions_;
  look_around();
  const bool familiar = trusted || familiar_.find(place) != nullptr;
  ticket->counted(std::move(place), judge(from_place, trusted, familiar, descriptor));
  return ticket;
}

Admission::Verdict Admission::judge(unsigned from_place, bool trusted, bool familiar, int descriptor) const {
  if (limits_.descriptors_max > 0 && std::cmp_greater_equal(descriptor, limits_.descriptors_max))
    return Verdict::no_descriptors;
  if (sessions_ > limits_.sessions_max - (familiar ? 0 : limits_.reserved)) return Verdict::too_many;
  if (from_place > limits_.per_address_max && !trusted) return Verdict::too_many_from_address;
  return Verdict::welcome;
}

void Admission::leave(const std::string& place) {
  if (place.empty()) return;  // it was never counted
  const std::lock_guard lock(mutex_);
  --sessions_;
  look_around();
  uncount(place);
}

void Admission::uncount(const std::string& place) {
  const auto found = per_place_.find(place);
  if (--found->second == 0) per_place_.erase(found);
}

void Admission::Ticket::count_as(const asio::ip::address& address) {
  trusted_ = admission_.trusted_.contain(address);
  auto place = place_of(address);
  const std::lock_guard lock(admission_.mutex_);
  auto& counted = admission_.per_place_[place];  // first, since it may throw
  ++counted;
  admission_.uncount(place_);
  const bool familiar = trusted_ || admission_.familiar_.find(place) != nullptr;
  constexpr int judged_before = -1;
  if (verdict_ != Verdict::no_descriptors)
    verdict_ = admission_.judge(counted, trusted_, familiar, judged_before);
  place_ = std::move(place);
}

void Admission::remember(const std::string& place) {
  const std::lock_guard lock(mutex_);
  familiar_.use(place);
}

bool Admission::is_crowded(bool before, unsigned sessions, unsigned sessions_max) {
  const auto fifths = std::uint64_t{sessions} * 5;
  return fifths >= std::uint64_t{sessions_max} * (before ? 3 : 4);
}

void Admission::look_around() {
  const bool before = crowded_.load(std::memory_order_relaxed);
  const bool now = is_crowded(before, sessions_, limits_.sessions_max);
  if (now == before) return;
  crowded_.store(now, std::memory_order_relaxed);
  if (now) counter(limits_.name + ".crowded").add();
  log_event(Level::warn, limits_.name + (now ? ".crowded" : ".room_again"),
            {{"sessions", std::to_string(sessions_)}, {"of", std::to_string(limits_.sessions_max)}});
}

// --- Listener ------------------------------------------------------------------------------------------

namespace {

// For accept(), whoever opened the socket.
boost::system::error_code prepare(Acceptor& acceptor) {
  boost::system::error_code error;
  acceptor.non_blocking(true, error);
  // Or accept() waits for another client, when one has gone away in the backlog, whatever non_blocking says.
  if (!error) acceptor.set_option(asio::socket_base::enable_connection_aborted(true), error);
  return error;
}

boost::system::error_code take_over(Acceptor& acceptor, const asio::ip::tcp::endpoint& endpoint,
                                    int descriptor) {
  boost::system::error_code error;
  acceptor.assign(endpoint.protocol(), descriptor, error);
  return error ? error : prepare(acceptor);
}

boost::system::error_code open_acceptor(Acceptor& acceptor, const asio::ip::tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  // REUSEADDR lets a restart take the port at once; never REUSEPORT, which would let two gateways share it.
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error ? error : prepare(acceptor);
}

}  // namespace

tl::expected<std::unique_ptr<Listener>, std::string> Listener::open(const std::string& address, Loops& loops,
                                                                    PassedSockets& passed) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint) return tl::unexpected("cannot listen on " + address + ": not an address:port");
  Acceptor acceptor(loops.first().context.get_executor());
  const int descriptor = passed.take(to_text(*endpoint));
  const auto error =
      descriptor < 0 ? open_acceptor(acceptor, *endpoint) : take_over(acceptor, *endpoint, descriptor);
  if (error) return tl::unexpected("cannot listen on " + address + ": " + error.message());
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), loops));
}

Listener::Listener(Acceptor acceptor, Loops& loops)
    : acceptor_(std::move(acceptor)), loops_(loops), local_(acceptor_.local_endpoint()) {}

void Listener::start(Serve serve, Admission& admission, Trouble trouble) {
  serve_ = std::move(serve);
  admission_ = &admission;
  trouble_ = std::move(trouble);
  asio::co_spawn(acceptor_.get_executor(), accept_all(), rethrow);
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
      accept_some();
    } else if (!AcceptTrouble::concerns_one_client(error.value())) {
      co_await wait_for_descriptors(error);
    }
  }
}

// What waits in the backlog already. One by one, each behind the turn of every session, a thousand of them
// would wait for a minute while the house is busy.
void Listener::accept_some() {
  constexpr int in_one_turn = 63;
  for (int i = 0; i < in_one_turn; ++i) {
    auto& loop = loops_.next();
    Socket socket(loop.context.get_executor());
    asio::ip::tcp::endpoint client;
    boost::system::error_code error;
    acceptor_.accept(socket, client, error);
    if (error) return;  // none waits, or async_accept says what is wrong
    deal(std::move(socket), loop, client);
  }
}

// Out of descriptors or memory: the clients stay in the backlog and are served when sessions have ended.
Task<void> Listener::wait_for_descriptors(boost::system::error_code error) {
  static auto& failed = counter("net.accept_failed");
  failed.add();
  if (const auto times = troubles_.to_be_told(AcceptTrouble::Clock::now()))
    trouble_("cannot accept on " + address() + ": " + error.message() + " (" + std::to_string(*times) +
             " times); trying again ten times a second");
  SteadyTimer timer(acceptor_.get_executor());
  timer.expires_after(AcceptTrouble::pause);
  co_await timer.async_wait(awaited_tuple);
}

void Listener::deal(Socket socket, Loop& loop, const asio::ip::tcp::endpoint& client) {
  try {
    auto ticket = admission_->enter(client.address(), socket.native_handle());
    Accepted accepted{std::move(socket), client, local_, std::move(ticket), loop};
    asio::co_spawn(loop.context.get_executor(), serve_(std::move(accepted)), asio::detached);
  } catch (const std::bad_alloc&) {
    // This client is dropped; the loop goes on.
  }
}

}  // namespace guichet::net
