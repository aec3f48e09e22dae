#include "smtpd/driver.h"

#include <algorithm>
#include <new>
#include <set>

#include "net/counters.h"
#include "smtpd/recipient_replies.h"

namespace guichet::smtpd {
namespace {

using net::Task;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds proxy_header_timeout{5}, last_words_timeout{5};
// Replies wait for the end of a group of commands (RFC 2920 3.2), but no more of them than this.
constexpr std::size_t output_octets_max = 16 * 1024;

SessionOptions session_options(const Server& server) {
  return {.hostname = server.options.hostname,
          .starttls = server.tls != nullptr,
          .soft_refuse = server.options.soft_refuse,
          .chunking = server.options.chunking,
          .line_endings = server.options.line_endings,
          .limits = server.options.limits};
}

std::optional<Reply> refusal_of(net::Admission::Verdict verdict, bool stopping) {
  if (stopping) return Reply{421, "4.3.2", "closing down, please try again later", Refusal::closing_down};
  switch (verdict) {
    case net::Admission::Verdict::too_many:
      return Reply{421, "4.3.2", "too many connections, please try again later", Refusal::too_many_sessions};
    case net::Admission::Verdict::too_many_from_address:
      return Reply{421, "4.7.0", "too many connections from your address, please try again later",
                   Refusal::too_many_sessions_of_address};
    case net::Admission::Verdict::no_descriptors:
      return Reply{421, "4.3.2", "too many files are open here, please try again later",
                   Refusal::no_descriptors};
    case net::Admission::Verdict::welcome:
      break;
  }
  return std::nullopt;
}

// An upstream keeps its session when one of those it speaks for has too many.
std::optional<Reply> refusal_of_forwarded(const Caller& caller) {
  const bool too_many = caller.verdict() == net::Admission::Verdict::too_many_from_address;
  if (!too_many || caller.client().told_by != ToldBy::xforward) return std::nullopt;
  return Reply{450, "4.7.0",
               "too many connections from " + to_text(caller.client()) + ", please try again later",
               Refusal::too_many_sessions_of_address};
}

// RFC 3848: what the "with" of a Received field calls the protocol; RFC 6531 4.3 for UTF8.
std::string protocol_of(const ClientFacts& client, bool tls, bool smtputf8) {
  const std::string secured = tls ? "S" : "";
  if (smtputf8) return "UTF8SMTP" + secured;
  return (client.esmtp ? "ESMTP" : "SMTP") + (client.esmtp ? secured : "");
}

class Driver {
 public:
  Driver(Server& server, Encryption encryption, net::Accepted accepted)
      : server_(server),
        encryption_(encryption),
        caller_(server.options.neighbours, accepted.client, std::move(accepted.ticket)),
        stream_(std::move(accepted.socket), accepted.loop.sessions),
        session_(session_options(server)),
        waits_(server.options.patience, Clock::now()),
        pace_(server.options.patience, server.options.data_rate_octets_per_s_min),
        session_id_(server.intake.new_id()) {
    static auto& sessions = net::counter("smtp.sessions");
    sessions.add();
    if (server.front_door) visit_.emplace(*server.front_door);
  }

  Task<void> run() {
    const bool known = co_await learn_client();
    if (!known) co_return;
    hurry();
    if (encryption_ == Encryption::from_the_start) {
      // One too many is not worth a handshake, and without it no 421 can be read.
      if (caller_.verdict() != net::Admission::Verdict::welcome)
        co_return note_failed_handshake(caller_.client(), session_id_.text(), "too many connections");
      const bool shaken = co_await shake_hands();
      if (!shaken) co_return;
    }
    if (server_.handshake_failures->remembers(caller_.place(), Clock::now())) session_.withhold_starttls();
    session_.set_privileges(caller_.privileges());
    if (visit_) co_await arrive();
    session_.greet(refusal_of(caller_.verdict(), stream_.sessions().stopping()));
    for (bool go_on = true; go_on;) {
      const auto step = session_.step(input_);
      input_.remove_prefix(step.consumed);
      if (handle(step.action)) continue;
      go_on = co_await handle_slowly(step.action);
    }
    log_filing();
  }

  // Without waiting; what the client has been told before stays true.
  void out_of_memory() {
    const Reply reply{421, "4.3.0", "out of memory, please try again later", Refusal::out_of_memory};
    tell({reply, Stage::waiting, {}, std::nullopt, {}});
    std::string farewell = reply.octets();
    (void)stream_.write_now(farewell);
  }

 private:
  // Whom a proxy speaks for. False: it did not say so as it must, and gets no answer, since the answer would
  // be the client's (proxy-protocol.txt section 5).
  Task<bool> learn_client() {
    if (!caller_.is_proxy()) co_return true;
    stream_.expire_in(proxy_header_timeout);
    const auto header = co_await stream_.read_proxy_header();
    if (header.state() == net::ProxyHeaderReader::State::done) {
      caller_.told_by_proxy(header.client());
      co_return true;
    }
    const auto why = header.why().empty() ? "no whole PROXY header came" : std::string(header.why());
    note_failed_proxy(caller_.client(), session_id_.text(), why);
    co_return false;
  }

  // The actions that need no waiting; false: another one, for handle_slowly().
  bool handle(const Action& action) {
    if (const auto* reply = std::get_if<SendReply>(&action)) return say(*reply);
    if (const auto* body = std::get_if<BodyOctets>(&action)) return take(body->octets);
    if (const auto* ask = std::get_if<AskClient>(&action)) return answer_client(*ask), true;
    if (const auto* ask = std::get_if<AskMail>(&action)) return answer_mail(*ask);
    if (const auto* ask = std::get_if<AskRecipient>(&action)) return answer_recipient(*ask);
    if (std::holds_alternative<AskData>(action)) return answer_data(), true;
    if (std::holds_alternative<DiscardBody>(action)) return incoming_.reset(), true;
    return false;
  }

  // False: the session is over.
  Task<bool> handle_slowly(const Action& action) {
    if (std::holds_alternative<NeedInput>(action)) return fill();
    if (std::holds_alternative<SendReply>(action)) return flush();
    if (const auto* ask = std::get_if<AskFile>(&action)) return file(*ask->transaction);
    if (std::holds_alternative<StartTls>(action)) return start_tls();
    if (std::holds_alternative<BodyOctets>(action)) return spill();
    if (const auto* ask = std::get_if<AskMail>(&action)) return hear_name(*ask);
    if (const auto* ask = std::get_if<AskRecipient>(&action)) return ask_door(*ask);
    return end();
  }

  // A crowd shortens the patience with strangers.
  void hurry() { stream_.hurry_when(caller_.unlimited() ? nullptr : &caller_.crowded()); }

  // Rates are those of the client, whoever hands its mail in. They answer 4xx only: a burst is late, never
  // lost.
  bool exceeds(net::Rates& rate) { return !caller_.unlimited() && !rate.take(caller_.place(), Clock::now()); }

  // From here on all is as if that client had connected.
  void answer_client(const AskClient& ask) {
    caller_.told_by_xclient(*ask.told);
    session_.set_privileges(caller_.privileges());
    hurry();
    if (visit_) visit_->of(caller_.client().address);
    session_.answer(refusal_of(caller_.verdict(), stream_.sessions().stopping()));
  }

  // False: DNS has yet to say the client's name.
  bool answer_mail(const AskMail& ask) {
    caller_.told_by_xforward(session_.forwarded());
    if (waits_for_name()) return false;
    auto refusal = refusal_of_forwarded(caller_);
    if (!refusal) refusal = server_.intake.refusal(ask.transaction->size_declared);
    if (!refusal && exceeds(server_.messages))
      refusal = Reply{450, "4.7.1", "too many messages from your address, please try again later",
                      Refusal::too_many_messages_of_address};
    recipients_.clear();
    classes_.clear();
    session_.answer(std::move(refusal));
    return true;
  }

  // False: the front door decides, and has to be asked.
  bool answer_recipient(const AskRecipient& ask) {
    auto ruling = server_.policy.rule(*ask.recipient);
    if (exceeds(server_.recipients))
      ruling.answer = Reply{450, "4.7.1", "too many recipients from your address, please try again later",
                            Refusal::too_many_recipients_of_address};
    if (guesses_too_much(ruling.recipient_class)) ruling.answer = put_off_guess(ask.recipient->written);
    const bool genuine = ruling.recipient_class == RecipientClass::genuine;
    const bool through_door = visit_ && !caller_.client().trusted_upstream && visit_->decides(genuine);
    if (ruling.taken() && through_door) return false;
    return settle(std::move(ruling));
  }

  bool settle(Ruling ruling) {
    if (auto* refusal = std::get_if<Reply>(&ruling.answer)) {
      refused_class_ = name_of(ruling.recipient_class);
      return settle(std::move(*refusal));
    }
    remember(std::move(std::get<store::Recipient>(ruling.answer)), ruling.recipient_class);
    session_.answer(std::nullopt);
    return true;
  }

  bool settle(Reply refusal) {
    session_.answer(std::move(refusal));
    return true;
  }

  // An upstream of ours may ask for any address: that is how Postfix verifies them.
  bool guesses_too_much(RecipientClass recipient_class) {
    if (caller_.client().trusted_upstream || caller_.unlimited()) return false;
    return server_.guesses.exceeded(caller_.place(), recipient_class, Clock::now());
  }

  // --- The front door ---

  // DNS is asked from here on, so that it has answered by the time that it matters.
  Task<void> arrive() {
    if (caller_.verdict() != net::Admission::Verdict::welcome) co_return;
    visit_->of(caller_.client().address);
    if (!visit_->waits_for_greeting() || caller_.is_neighbour()) co_return;
    if (encryption_ == Encryption::from_the_start) co_return;  // spoke first, as it must
    wait_for(Waits::For::command, false);
    const bool known = co_await delivered_before();
    if (known || stream_.sessions().stopping()) co_return;
    const std::chrono::milliseconds delay(server_.front_door->rules.greet_delay_ms);
    const bool early = co_await stream_.speaks_within(delay);
    static auto& early_talkers = net::counter("smtp.early_talkers");
    if (!early) co_return;
    early_talkers.add();
    visit_->spoke_early();
  }

  Task<bool> delivered_before() {
    auto* greylist = server_.front_door->greylist;
    if (!greylist) co_return false;
    std::function<bool()> work = [greylist, client = caller_.client().address] {
      return greylist->delivered_before(client);
    };
    co_return co_await server_.greylist_pool->run<bool>(std::move(work));
  }

  // Somebody in between may have said by now who the client is.
  bool waits_for_name() {
    if (!visit_) return false;
    visit_->of(caller_.client().address);
    return visit_->open(Asked::name);
  }

  Task<bool> hear_name(const AskMail& ask) {
    co_await hear(Asked::name);
    co_return answer_mail(ask);
  }

  Task<void> hear(Asked what) {
    keep_input();
    auto start = [this, what](Gathering::Done done) { visit_->gather(what, std::move(done)); };
    auto facts = co_await net::answer<DnsFacts>(std::move(start));
    visit_->settle(what, std::move(facts));
  }

  // The policy is asked again at the end: its lists may have changed meanwhile.
  Task<bool> ask_door(const AskRecipient& ask) {
    if (visit_->open(Asked::name)) co_await hear(Asked::name);
    if (visit_->open(Asked::lists)) co_await hear(Asked::lists);
    const auto& rules = server_.front_door->rules;
    auto facts = visit_->facts(session_.client().helo, ask.transaction->reverse_path.written);
    auto verdict = judge(rules, facts);
    if (verdict.ask_greylist) {
      facts.greylisting = co_await ask_greylist(facts.sender, ask.recipient->written);
      verdict = judge(rules, facts);
    }
    auto ruling = server_.policy.rule(*ask.recipient);
    if (verdict.refusal && ruling.taken()) ruling.answer = std::move(*verdict.refusal);
    co_return settle(std::move(ruling));
  }

  Task<Greylisting> ask_greylist(const std::string& sender, const std::string& recipient) {
    keep_input();
    Greylist::Key key{caller_.client().address, sender, recipient};
    std::function<Greylisting()> work = [greylist = server_.front_door->greylist, key = std::move(key)] {
      return greylist->ask(key);
    };
    co_return co_await server_.greylist_pool->run<Greylisting>(std::move(work));
  }

  // Nobody waits for it.
  void remember_client(const Envelope& envelope) {
    if (!visit_ || !server_.front_door->greylist || envelope.client.empty()) return;
    server_.greylist_pool->post([greylist = server_.front_door->greylist, client = envelope.client,
                                 sender = envelope.mail_from] { greylist->delivered(client, sender); });
  }

  // --- What follows ---

  // The same address twice is one delivery.
  void remember(store::Recipient recipient, RecipientClass recipient_class) {
    const auto same = [&](const store::Recipient& known) { return known.address == recipient.address; };
    if (std::any_of(recipients_.begin(), recipients_.end(), same)) return;
    recipients_.push_back(std::move(recipient));
    classes_.push_back(recipient_class);
  }

  void answer_data() {
    auto refusal = server_.intake.refusal(0);
    if (!refusal) {
      incoming_ =
          server_.intake.begin(caller_.client().trusted_upstream ? Origin::upstream : Origin::stranger);
      pace_.begin(Clock::now());
    }
    session_.answer(std::move(refusal));
  }

  // False: the body wants to spill.
  bool take(std::string_view octets) {
    incoming_->append(octets);
    return !incoming_->wants_to_spill();
  }

  Task<bool> spill() {
    keep_input();
    std::function<bool()> work = [incoming = incoming_.get()] { return incoming->spill(), true; };
    co_await server_.pool.run<bool>(std::move(work));
    co_return true;
  }

  // What is left of the input lives in a buffer that other sessions use as soon as this one waits.
  void keep_input() {
    if (input_.empty()) return;
    std::string rest(input_);
    pending_ = std::move(rest);
    input_ = pending_;
  }

  void wait_for(Waits::For what, bool progress) {
    const auto deadlines = waits_.until(what, progress, Clock::now());
    stream_.expire_at(deadlines.normal, deadlines.hurried);
  }

  Task<bool> flush() {
    keep_input();
    wait_for(Waits::For::replies, true);
    const bool written = co_await stream_.write(output_);
    if (!written && stream_.why() == net::Stream::End::expired)
      note_unread_replies(caller_.client(), session_id_.text());
    co_return written;
  }

  Task<bool> fill() {
    const bool progress = !output_.empty();  // each command is answered
    if (progress && !stream_.write_now(output_)) {
      const bool written = co_await flush();
      if (!written) co_return false;
    }
    log_filing();
    if (stream_.sessions().stopping() && !session_.in_data()) co_return go_away();
    if (!session_.in_data()) pace_.begin(Clock::now());  // between two chunks nobody is slow
    const auto command = session_.in_command() ? Waits::For::line_end : Waits::For::command;
    wait_for(session_.in_data() ? Waits::For::body : command, progress);
    pending_ = std::string();  // used up: an idle session holds none
    input_ = co_await stream_.read();
    if (input_.empty()) co_return wake_up();
    if (session_.in_data()) {
      pace_.add(input_.size());  // also of a body that is thrown away
      if (pace_.too_slow(Clock::now())) session_.abort(too_slow_a_body());
    }
    co_return true;
  }

  // Reading ended without octets. True: the machine has a last word to say.
  bool wake_up() {
    switch (stream_.why()) {
      case net::Stream::End::stopping:
        return session_.in_data() || go_away();
      case net::Stream::End::expired:
        stream_.allow_farewell();
        session_.abort(waits_.farewell(Clock::now()));
        return true;
      case net::Stream::End::closed:
      case net::Stream::End::none:
        break;
    }
    return false;
  }

  bool go_away() {
    session_.abort({421, "4.3.2", "closing down, please try again later", Refusal::closing_down});
    return true;
  }

  Task<bool> file(const Transaction& transaction) {
    keep_input();
    auto envelope = envelope_of(transaction);
    if (visit_) visit_->record(envelope);
    const auto id = incoming_->id();
    const auto octets = incoming_->octets();
    auto append = incoming_->finish(envelope, recipients_);
    auto filed = store::Result<void>();
    if (append) {
      auto start = [this, &append](std::function<void(store::Result<void>)> done) {
        append->done = std::move(done);
        server_.intake.store().append(std::move(*append));
        incoming_->submitted();
      };
      filed = co_await net::answer<store::Result<void>>(std::move(start));
    } else {
      filed = tl::unexpected(append.error());
    }
    incoming_.reset();
    std::optional<Reply> refusal;
    const auto origin = origin_of(envelope);
    if (!filed) {
      refusal = reply_for(filed.error());
    } else if (server_.intake.judges_first(origin, classes_)) {
      refusal = co_await judge_first(id);
    } else {
      server_.intake.filed(id, origin);
    }
    session_.answer(refusal.value_or(
        Reply{250, "2.0.0", "filed as " + id.uuid.text() + " in session " + session_id_.text()}));
    log_filing();
    if (!refusal) was_of_use(envelope);
    unlogged_.emplace(Filing{caller_.client(), std::move(envelope), id, octets,
                             std::exchange(recipients_, {}), filed, !refusal});
    if (stream_.sessions().stopping()) go_away();  // whatever else it has sent already
    co_return true;
  }

  // It is filed whatever comes of this.
  Task<std::optional<Reply>> judge_first(store::MessageId id) {
    auto start = [this, id](IntakeOptions::Judged done) { server_.intake.judge_first(id, std::move(done)); };
    co_return co_await net::answer<std::optional<Reply>>(std::move(start));
  }

  void was_of_use(const Envelope& envelope) {
    waits_.filed(Clock::now());
    caller_.was_of_use();
    remember_client(envelope);
  }

  Envelope envelope_of(const Transaction& transaction) {
    auto envelope = session_facts();
    envelope.protocol = protocol_of(session_.client(), stream_.tls() != nullptr, transaction.smtputf8);
    envelope.mail_from = transaction.reverse_path.written;
    envelope.body_8bitmime = transaction.body_8bitmime;
    envelope.smtputf8 = transaction.smtputf8;
    envelope.recipient_classes = classes_;
    return envelope;
  }

  // What is known before any transaction, and after it.
  Envelope session_facts() {
    const auto* tls = stream_.tls();
    const auto& client = caller_.client();
    const bool forwarded = client.told_by == ToldBy::xforward;
    return {.session = session_id_.text(),
            .client = client.address,
            .client_port = client.port,
            .client_name = client.name,
            .via = caller_.via(),
            .told_by = std::string(name_of(client.told_by)),
            .trusted_upstream = client.trusted_upstream,
            .upstream_id = session_.forwarded().ident.value_or(""),
            .helo = forwarded ? client.helo : session_.client().helo,
            .protocol = protocol_of(session_.client(), tls != nullptr, false),
            .tls_version = tls ? tls->version() : "",
            .tls_cipher = tls ? tls->cipher() : "",
            .mail_from = {},
            .recipient_classes = {}};
  }

  Task<bool> start_tls() {
    const bool written = co_await flush();
    if (!written) co_return false;
    co_return co_await shake_hands();
  }

  Task<bool> shake_hands() {
    stream_.expire_in(std::min(server_.options.handshake_timeout, server_.options.patience.whole_command));
    auto context = server_.tls->current();
    const auto shaken = co_await stream_.handshake(std::move(context));
    remember(shaken);
    if (!shaken.done) {
      note_failed_handshake(caller_.client(), session_id_.text(), shaken.trouble);
      co_return false;
    }
    session_.tls_established();
    co_return true;
  }

  // Only a handshake that the client had begun after STARTTLS: a port scan, or a line that was cut, says
  // nothing of its TLS. A trusted network is the operator's own, who can mend it; a monitor there that tries
  // out handshakes must not take TLS from the relay beside it, which may insist on it.
  void remember(const net::Handshake& shaken) {
    if (shaken.done) return server_.handshake_failures->succeeded(caller_.place());
    if (encryption_ == Encryption::from_the_start || !shaken.begun) return;
    if (caller_.unlimited() || stream_.sessions().stopping()) return;
    server_.handshake_failures->failed(caller_.place(), Clock::now());
  }

  Task<bool> end() {
    stream_.expire_in(last_words_timeout);
    if (!output_.empty() && !stream_.write_now(output_)) co_await stream_.write(output_);
    log_filing();
    // Who was never welcome is not waited for: it would go on holding what there are too few of.
    const bool welcome = caller_.verdict() == net::Admission::Verdict::welcome;
    const bool unread = !input_.empty() || (welcome && (session_.errors() > 0 || session_.refused_last()));
    co_await stream_.close(unread);
    co_return false;
  }

  // False: enough is waiting to be written.
  bool say(const SendReply& reply) {
    output_ += reply.octets;
    for (const auto& refused : reply.refused)
      tell(refused);
    return output_.size() < output_octets_max;
  }

  void tell(const Refused& refused) {
    server_.reporter.refused({.client = caller_.client(),
                              .refused = refused,
                              .session = session_id_,
                              .session_facts = session_facts(),
                              .recipient_class = class_of(refused)});
  }

  // Of the recipient that is refused; later in the transaction of those that were accepted, each once.
  std::string class_of(const Refused& refused) {
    auto words = std::exchange(refused_class_, {});
    if (!words.empty() || !refused.mail_from || refused.recipients.empty()) return words;
    std::set<std::string_view> names;
    for (const auto each : classes_)
      names.insert(name_of(each));
    for (const auto name : names)
      words.append(words.empty() ? "" : ",").append(name);
    return words;
  }

  // After the reply has gone out: the client does not wait for the log.
  void log_filing() {
    if (!unlogged_) return;
    server_.reporter.filed(*unlogged_);
    unlogged_.reset();
  }

  Server& server_;
  const Encryption encryption_;
  Caller caller_;
  net::Stream stream_;
  Session session_;
  std::string output_;      // replies not yet written: one write for a group of them
  std::string_view input_;  // octets read and not consumed; in the shared buffer or in pending_
  std::string pending_;
  std::optional<Visit> visit_;  // at the front door, where there is one
  std::vector<store::Recipient> recipients_;
  std::vector<RecipientClass> classes_;  // of each of them
  std::unique_ptr<Incoming> incoming_;
  std::optional<Filing> unlogged_;
  std::string refused_class_;  // of the recipient that is being refused
  Waits waits_;
  BodyPace pace_;
  const store::Uuid session_id_;
};

}  // namespace

Task<void> serve(Server& server, Encryption encryption, net::Accepted accepted) {
  Driver driver(server, encryption, std::move(accepted));
  try {
    co_await driver.run();
  } catch (const std::bad_alloc&) {
    driver.out_of_memory();
  }
}

}  // namespace guichet::smtpd
