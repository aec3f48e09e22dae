#include "popd/driver.h"

#include <algorithm>
#include <utility>

#include "net/line_cut.h"
#include "net/log.h"
#include "popd/served_writer.h"

namespace guichet::popd {
namespace {

using net::Level;
using net::Task;

constexpr std::size_t output_octets_max = 256 * 1024;  // then it is written before more is added
// A lock that is about to be free (the session of a poller that was restarted) is waited for: an -ERR would
// cost its people an e-mail.
constexpr int lock_attempts_max = 40;
constexpr std::chrono::milliseconds lock_attempt_time{50};
constexpr std::chrono::milliseconds hold_step{100};  // then it is asked whether the gateway stops

SessionOptions session_options(const Server& server, Encryption encryption, const net::Accepted& accepted) {
  const bool tls = encryption == Encryption::from_the_start;
  return {.hostname = server.options.hostname,
          .stls = server.tls != nullptr && !tls,
          // A password in clear stays on this machine (RFC 2595 section 2.2).
          .plaintext_login = accepted.client.address().is_loopback(),
          .tls = tls,
          .limits = server.options.limits};
}

Caller caller_of(const Server& server, const net::asio::ip::address& address) {
  return {net::place_of(address), address.is_loopback() || server.trusted.contain(address)};
}

std::vector<Entry> entries_of(const std::vector<store::WaitingRow>& rows) {
  std::vector<Entry> entries;
  entries.reserve(rows.size());
  for (const auto& row : rows)
    entries.push_back({row.uid.uuid.text(), row.size_octets});
  return entries;
}

class Driver {
 public:
  Driver(Server& server, Encryption encryption, net::Accepted accepted)
      : server_(server),
        encryption_(encryption),
        client_(accepted.client),
        caller_(caller_of(server, client_.address())),
        session_(session_options(server, encryption, accepted)),
        ticket_(std::move(accepted.ticket)),
        stream_(std::move(accepted.socket), accepted.loop.sessions) {
    stream_.keep_alive();
  }

  Task<void> run() {
    if (encryption_ == Encryption::from_the_start) {
      const bool shaken = co_await shake_hands();
      if (!shaken) co_return;
    }
    session_.greet(ticket_->verdict() != net::Admission::Verdict::welcome || stream_.sessions().stopping());
    stream_.expire_in(server_.options.idle_timeout);
    for (bool go_on = true; go_on;) {
      const auto step = session_.step(input_);
      input_.remove_prefix(step.consumed);
      go_on = co_await handle(step.action);
    }
    if (lock_ && !end_.quit) co_await record_dropped();
    lock_.reset();
    if (!login_name_.empty()) log_end();
  }

 private:
  // False: the session is over.
  Task<bool> handle(const Action& action) {
    if (const auto* reply = std::get_if<SendReply>(&action)) return reply_with(reply->octets);
    if (std::holds_alternative<NeedInput>(action)) return fill();
    if (const auto* login = std::get_if<AskLogin>(&action)) return answer_login(login->user, login->password);
    if (const auto* ask = std::get_if<AskRetrieve>(&action)) return retrieve(*ask);
    if (const auto* commit = std::get_if<AskCommit>(&action)) return hand_over(commit->deleted);
    if (std::holds_alternative<StartTls>(action)) return start_tls();
    return end();
  }

  Task<bool> reply_with(std::string_view octets) {
    output_ += octets;
    if (output_.size() < output_octets_max) co_return true;
    keep_input();
    co_return co_await write_lines();
  }

  // A TLS record that ended inside a line would leave Ruby's net/pop waiting in readline for the next one; so
  // the beginning of a line waits for its end.
  Task<bool> write_lines() {
    const auto cut = net::line_cut(output_, output_.size());
    std::string rest = output_.substr(cut);
    output_.resize(cut);
    const bool written = co_await stream_.write(output_);
    output_ = std::move(rest);
    co_return written;
  }

  Task<bool> fill() {
    if (!output_.empty() && !stream_.write_now(output_)) {
      const bool written = co_await stream_.write(output_);
      if (!written) co_return false;
    }
    // A session in TRANSACTION may reach its QUIT within the grace; the others have nothing to lose.
    if (stream_.sessions().stopping() && !session_.in_transaction()) co_return false;
    input_ = co_await stream_.read();
    stream_.expire_in(server_.options.idle_timeout);
    if (lock_) lock_->heard(MaildropLocks::Clock::now());
    co_return !input_.empty() || stream_.why() == net::Stream::End::stopping;
  }

  // What is left of the input lives in a buffer that other sessions use as soon as this one waits.
  void keep_input() {
    if (input_.empty()) return;
    std::string rest(input_);
    pending_ = std::move(rest);
    input_ = pending_;
  }

  Task<bool> answer_login(std::string user, std::string password) {
    keep_input();
    auto opened = std::make_shared<OpenedMaildrop>();
    const auto answer = co_await check_password(user, password);
    opened->refusal = answer.refusal;
    for (int attempt = 0; !answer.refusal && attempt < lock_attempts_max; ++attempt) {
      co_await open_maildrop(user, opened);
      if (opened->refusal != LoginRefusal::in_use) break;
      co_await pause(lock_attempt_time);
    }
    log_login(user, answer.how, *opened);
    if (opened->refusal) {
      session_.login_refused(*opened->refusal);
      co_return true;
    }
    login_name_ = user;
    lock_ = std::move(opened->lock);
    rows_ = std::move(opened->rows);
    end_.retrieved.resize(rows_.size());
    shelf_.put(std::move(opened->ready));
    session_.logged_in(entries_of(rows_));
    co_return true;
  }

  // A refusal is held back here: this session waits, no thread does.
  Task<Gatekeeper::Answer> check_password(const std::string& user, const std::string& password) {
    const auto came = Gatekeeper::Clock::now();
    auto knocked = server_.gate.knock(caller_, user, password, came);
    if (!std::holds_alternative<Gatekeeper::Answer>(knocked)) {
      auto checked = std::make_shared<Gatekeeper::Answer>();
      std::function<bool()> work = [this, checked, user, password] {
        *checked = server_.gate.check(caller_, user, password, Gatekeeper::Clock::now());
        return true;
      };
      co_await server_.hashing.run<bool>(std::move(work));
      knocked = *checked;  // and the turn is another's
    }
    const auto answer = std::get<Gatekeeper::Answer>(knocked);
    if (answer.locks) net::log_event(Level::warn, "pop3.locked", {{"place", caller_.place}});
    const auto due = came + answer.held_back;
    while (Gatekeeper::Clock::now() < due && !stream_.sessions().stopping())
      co_await pause(hold_step);
    stream_.expire_in(server_.options.idle_timeout);
    co_return answer;
  }

  Task<void> open_maildrop(const std::string& user, std::shared_ptr<OpenedMaildrop> opened) {
    std::function<bool()> work = [this, opened, user, send_away = send_away()] {
      *opened = server_.maildrops.open(user, send_away);
      return true;
    };
    co_await server_.pool.run<bool>(std::move(work));
  }

  Task<void> pause(std::chrono::milliseconds time) {
    net::SteadyTimer timer(stream_.socket().get_executor());
    timer.expires_after(time);
    co_await timer.async_wait(net::awaited_tuple);
  }

  // Called by another login, in whichever thread: what it posts runs in this session's, if that is still
  // there.
  std::function<void()> send_away() {
    return [executor = stream_.socket().get_executor(), self = std::weak_ptr<Driver*>(self_)] {
      auto end = [self] {
        if (const auto driver = self.lock()) (*driver)->stream_.abandon();
      };
      net::asio::post(executor, std::move(end));
    };
  }

  Task<bool> retrieve(AskRetrieve ask) {
    auto ready = shelf_.take(ask.number);
    if (!ready) {
      keep_input();
      co_await open_more(ask.number);
      ready = shelf_.take(ask.number);
    }
    if (!ready->message) co_return damaged(ask.number, ready->message.error());
    output_ += "+OK " + std::to_string(rows_[ask.number - 1].size_octets) + " octets\r\n";
    const bool sent = co_await send(**ready->message, ask);
    if (!sent) co_return false;
    session_.retrieved();
    if (!ask.body_lines) end_.retrieved[ask.number - 1] = true;
    stream_.expire_in(server_.options.idle_timeout);
    co_return true;
  }

  Task<void> open_more(std::size_t number) {
    auto opened = std::make_shared<std::vector<Shelf::Ready>>();
    const auto count = shelf_.group(number);
    std::function<bool()> work = [this, opened, number, count] {
      *opened = open_group(server_.store, rows_, number, count);
      return true;
    };
    co_await server_.pool.run<bool>(std::move(work));
    shelf_.put(std::move(*opened));
  }

  Task<bool> send(store::ServedMessage& message, const AskRetrieve& ask) {
    ServedWriter writer(ask.body_lines);
    for (bool more = true; more;) {
      auto piece = std::make_shared<store::Result<std::string>>();
      if (message.in_memory()) {
        *piece = message.next();
      } else {
        keep_input();
        std::function<bool()> work = [&message, piece] { return *piece = message.next(), true; };
        co_await server_.pool.run<bool>(std::move(work));
      }
      // Octets are out already: only a closed connection tells the client that this is not the whole.
      if (!*piece) co_return damaged(ask.number, piece->error());
      more = !(*piece)->empty() && writer.feed(**piece, output_);
      if (output_.size() < output_octets_max) continue;
      keep_input();
      const bool written = co_await write_lines();
      if (!written) co_return false;
      // A client that reads slowly is not silent.
      stream_.expire_in(server_.options.idle_timeout);
      lock_->heard(MaildropLocks::Clock::now());
    }
    writer.finish(output_);
    co_return true;
  }

  // A -ERR to RETR would poison the poller's whole session; a closed connection costs it one poll.
  bool damaged(std::size_t number, const store::Error& error) {
    server_.maildrops.set_aside(rows_[number - 1], error);
    return false;
  }

  Task<bool> hand_over(std::vector<std::size_t> deleted) {
    keep_input();
    end_.quit = true;
    end_.uids_told = session_.uids_told();
    end_.deleted = std::move(deleted);
    const bool nothing_deleted = end_.deleted.empty();
    const auto durable = co_await record();
    if (!durable) net::log_event(Level::error, "pop3.not_handed_over", {{"error", durable.error().text}});
    if (!durable) end_.deleted.clear();
    // That an offer could not be recorded is no matter of the client's: an -ERR here ends the poller.
    session_.committed(durable.has_value() || nothing_deleted);
    co_return true;
  }

  // Without QUIT. The maildrop stays locked until it is known what was offered in vain.
  Task<void> record_dropped() {
    const auto durable = co_await record();
    if (!durable) net::log_event(Level::error, "pop3.not_recorded", {{"error", durable.error().text}});
  }

  Task<store::Result<void>> record() {
    store::Append append{.body = std::nullopt, .facts = {}, .done = nullptr};
    append.facts = server_.maildrops.conclude(login_name_, rows_, end_, net::to_text(client_));
    if (append.facts.empty()) co_return store::Result<void>();
    auto start = [this, &append](std::function<void(store::Result<void>)> done) {
      append.done = std::move(done);
      server_.store.append(std::move(append));
    };
    co_return co_await net::answer<store::Result<void>>(std::move(start));
  }

  Task<bool> start_tls() {
    const bool written = co_await stream_.write(output_);
    if (!written) co_return false;
    const bool shaken = co_await shake_hands();
    if (!shaken) co_return false;
    session_.tls_established();
    co_return true;
  }

  Task<bool> shake_hands() {
    stream_.expire_in(server_.options.handshake_timeout);
    auto context = server_.tls->current();
    const auto shaken = co_await stream_.handshake(std::move(context));
    if (!shaken.done)
      net::log_event(Level::info, "pop3.tls_failed",
                     {{"client", net::to_text(client_)}, {"error", shaken.trouble}});
    stream_.expire_in(server_.options.idle_timeout);
    co_return shaken.done;
  }

  Task<bool> end() {
    // The lock goes before the last reply: a client that has read it may log in again at once.
    lock_.reset();
    const bool unread = !input_.empty();
    if (!output_.empty() && !stream_.write_now(output_)) co_await stream_.write(output_);
    co_await stream_.close(unread);
    co_return false;
  }

  void log_login(const std::string& user, Gatekeeper::How how, const OpenedMaildrop& login) {
    static constexpr const char* ways[] = {"remembered", "checked", "locked", "put_off"};
    static constexpr const char* names[] = {"wrong", "in_use", "temporary", "login_delay", "detached"};
    net::log_event(login.trouble.empty() ? Level::info : Level::error, "pop3.login",
                   {{"client", net::to_text(client_)},
                    {"user", user},
                    {"password", ways[static_cast<std::size_t>(how)]},
                    {"refused", login.refusal ? names[static_cast<std::size_t>(*login.refusal)] : "no"},
                    {"waiting", std::to_string(login.rows.size())},
                    {"error", login.trouble}});
  }

  void log_end() {
    net::log_event(Level::info, "pop3.end",
                   {{"client", net::to_text(client_)},
                    {"user", login_name_},
                    {"retrieved", std::to_string(std::ranges::count(end_.retrieved, true))},
                    {"handed_over", std::to_string(end_.deleted.size())}});
  }

  Server& server_;
  const Encryption encryption_;
  const net::asio::ip::tcp::endpoint client_;
  const Caller caller_;
  Session session_;
  const std::unique_ptr<net::Admission::Ticket> ticket_;
  net::Stream stream_;
  std::string output_;      // not yet written: one write for a group of replies
  std::string_view input_;  // octets read and not consumed; in the shared buffer or in pending_
  std::string pending_;
  std::string login_name_;
  std::unique_ptr<MaildropLocks::Lock> lock_;
  std::vector<store::WaitingRow> rows_;
  Shelf shelf_;
  SessionEnd end_;
  const std::shared_ptr<Driver*> self_ = std::make_shared<Driver*>(this);
};

}  // namespace

Task<void> serve(Server& server, Encryption encryption, net::Accepted accepted) {
  Driver driver(server, encryption, std::move(accepted));
  co_await driver.run();
}

}  // namespace guichet::popd
