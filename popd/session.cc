#include "popd/session.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "popd/capabilities.h"
#include "popd/sasl_plain.h"

namespace guichet::popd {
namespace {

// The driver's fault is not the peer's: it stops the process in every build, and the core shows who called.
void require(bool kept) {
  if (!kept) std::abort();
}

SendReply ok(std::string_view text) {
  return {"+OK " + std::string(text) + "\r\n"};
}

SendReply err(std::string_view text) {
  return {"-ERR " + std::string(text) + "\r\n"};
}

std::string_view text_of(Fault fault) {
  switch (fault) {
    case Fault::control_octet:
      return "control character in command";
    case Fault::unknown_verb:
      return "unknown command";
    case Fault::argument:
      return "wrong argument";
  }
  return {};
}

std::string_view text_of(LoginRefusal why) {
  switch (why) {
    // RFC 3206 section 5. One text for an unknown name and a wrong password, or names could be tried out.
    case LoginRefusal::wrong:
      return "[AUTH] name or password is wrong";
    // RFC 2449 section 8.1.2
    case LoginRefusal::in_use:
      return "[IN-USE] maildrop is in use by another session";
    // RFC 3206 section 4
    case LoginRefusal::temporary:
      return "[SYS/TEMP] maildrop is not available now, try again later";
    // RFC 2449 section 8.1.1
    case LoginRefusal::login_delay:
      return "[LOGIN-DELAY] too many wrong passwords, try again later";
    // RFC 3206 section 4: a person has to do something about it.
    case LoginRefusal::detached:
      return "[SYS/PERM] this is a detached copy of an archive, it hands nothing over (guichet adopt)";
  }
  return {};
}

}  // namespace

Session::Session(SessionOptions options)
    : options_(std::move(options)), lines_(options_.limits.command_octets_max) {}

// --- The machine -----------------------------------------------------------------------------------------

void Session::greet(bool refuse) {
  require(state_ == State::ungreeted);
  state_ = refuse ? State::closing : State::authorization;
  // RFC 1939 section 7: no <stamp> in the greeting, or a client would take it for an offer of APOP.
  reply_ = refuse ? err("[SYS/TEMP] too many sessions, try again later").octets
                  : ok(options_.hostname + " POP3 server ready").octets;
}

Step Session::step(std::string_view input) {
  require(state_ != State::ungreeted && !awaiting_answer());
  if (auto action = owed(input)) return {0, *std::move(action)};

  const LineReader::Result line = lines_.read(input);
  if (line.kind == LineReader::Kind::partial) return {line.consumed, NeedInput{}};
  return {line.consumed, handle_line(line, line.consumed < input.size())};
}

// What comes before any input is looked at.
std::optional<Action> Session::owed(std::string_view input) {
  if (!reply_.empty()) return SendReply{std::exchange(reply_, {})};
  if (listing_) return next_listing_piece();
  // RFC 2595 section 4: the client waits for the +OK before it begins the handshake, so what is here already
  // was put there by somebody in between, to be taken for encrypted later (CVE-2021-33515).
  if (state_ == State::handshake && !input.empty()) state_ = State::closing;
  if (state_ == State::handshake) return ask(Question::tls, StartTls{});
  if (state_ == State::closing) return Close{};
  return std::nullopt;
}

Action Session::handle_line(const LineReader::Result& line, bool more_follows) {
  const bool in_exchange = state_ == State::exchange;
  if (in_exchange) state_ = State::authorization;
  if (line.kind == LineReader::Kind::too_long) return error("line too long");
  if (line.kind == LineReader::Kind::flood) {
    state_ = State::closing;
    return Close{};
  }
  return in_exchange ? response(line.text) : handle_command(line.text, more_follows);
}

Action Session::handle_command(std::string_view line, bool more_follows) {
  const auto parsed = parse_command(line);
  if (const auto* fault = std::get_if<Fault>(&parsed)) return error(text_of(*fault));
  const auto& command = std::get<Command>(parsed);
  // RFC 1939 section 3: a command in the wrong state is answered with -ERR.
  if (!in_place(command.states)) return error(in_transaction() ? "already logged in" : "log in first");
  return dispatch(command, more_follows);
}

Action Session::dispatch(const Command& command, bool more_follows) {
  switch (command.verb) {
    case Verb::apop:
      return error("APOP is not supported");
    case Verb::auth:
      return auth(command.text);
    case Verb::capa:
      return capabilities();
    case Verb::dele:
      return dele(command.number.value());
    case Verb::list:
      return list(Column::size, command.number);
    case Verb::noop:
      return ok("nothing done");
    case Verb::pass:
      return pass(command.text);
    case Verb::quit:
      return quit();
    case Verb::retr:
      return retrieve(command.number.value(), std::nullopt);
    case Verb::rset:
      return rset();
    case Verb::stat:
      return stat();
    case Verb::stls:
      return stls(more_follows);
    case Verb::top:
      return retrieve(command.number.value(), command.count);
    case Verb::uidl:
      return list(Column::uid, command.number);
    case Verb::user:
      return user(command.text);
    // RFC 6856 section 2: names, passwords and messages are octets here, so there is nothing to switch.
    case Verb::utf8:
      return ok("UTF-8 it is");
  }
  return error("unknown command");
}

bool Session::in_place(States states) const {
  return states == States::both || (states == States::transaction) == in_transaction();
}

bool Session::in_transaction() const {
  return state_ == State::transaction;
}

bool Session::awaiting_answer() const {
  return question_ != Question::none;
}

Action Session::ask(Question question, Action action) {
  question_ = question;
  return action;
}

void Session::answered(Question question) {
  require(question_ == question);
  question_ = Question::none;
}

// A command that was not understood or is out of place. The last one allowed gets this answer and no other.
Action Session::error(std::string_view text) {
  if (++errors_ >= options_.limits.errors_max) return error_and_close("too many errors");
  return err(text);
}

Action Session::error_and_close(std::string_view text) {
  state_ = State::closing;
  return err(text);
}

// --- AUTHORIZATION (RFC 1939 section 4) ------------------------------------------------------------------

bool Session::login_allowed() const {
  return options_.plaintext_login || options_.tls;
}

bool Session::stls_offered() const {
  return options_.stls && !options_.tls;
}

Action Session::capabilities() const {
  return SendReply{capability_list({.stls = stls_offered(), .plaintext_login = login_allowed()})};
}

// RFC 1939 section 7: always +OK, so that names cannot be tried out.
Action Session::user(std::string_view name) {
  // RFC 2595 section 2.2: refused before the password is said, and without [AUTH], which would make a client
  // ask its person for another one.
  if (!login_allowed()) return error("STLS first: no login without TLS");
  user_ = name;
  return ok("now PASS");
}

// RFC 1939 section 7: the rest of the line is the password, blanks and all, and USER comes before it.
Action Session::pass(std::string_view password) {
  // RFC 2595 section 2.2
  if (!login_allowed()) return error("STLS first: no login without TLS");
  if (user_.empty()) return error("USER first");
  return ask_login(user_, std::string(password));
}

Action Session::auth(std::string_view argument) {
  // RFC 4616 section 4: PLAIN says the password in clear, so no "+ " invites it.
  if (!login_allowed()) return error("STLS first: no login without TLS");
  const std::size_t space = std::min(argument.find(' '), argument.size());
  if (!same_word(argument.substr(0, space), "PLAIN")) return error("the mechanism offered is PLAIN");
  if (space < argument.size()) return response(argument.substr(space + 1));
  state_ = State::exchange;
  // RFC 5034 section 4: an empty challenge.
  return SendReply{"+ \r\n"};
}

Action Session::response(std::string_view base64) {
  // RFC 5034 section 4: the client gives up.
  if (base64 == "*") return error("AUTH cancelled");
  auto credentials = decode_plain(base64);
  if (!credentials) return error("not a response of SASL PLAIN");
  return ask_login(std::move(credentials->user), std::move(credentials->password));
}

Action Session::ask_login(std::string name, std::string password) {
  user_.clear();
  return ask(Question::login, AskLogin{std::move(name), std::move(password)});
}

void Session::logged_in(std::vector<Entry> maildrop) {
  answered(Question::login);
  snapshot_.emplace(std::move(maildrop));
  state_ = State::transaction;
  reply_ = ok("maildrop locked and ready").octets;
}

void Session::login_refused(LoginRefusal why) {
  answered(Question::login);
  reply_ = err(text_of(why)).octets;
  if (++login_failures_ >= options_.limits.login_failures_max) state_ = State::closing;
}

Action Session::stls(bool more_follows) {
  if (!stls_offered()) return error(options_.tls ? "TLS is already active" : "STLS is not offered");
  // RFC 2595 section 4, as in owed(); here the +OK has not been said yet.
  if (more_follows) return error_and_close("nothing may follow STLS before the handshake");
  state_ = State::handshake;
  return ok("begin TLS");
}

void Session::tls_established() {
  answered(Question::tls);
  // RFC 2595 section 4: nothing that was said in clear counts. Our own counts of errors and refusals stay.
  user_.clear();
  lines_ = LineReader(options_.limits.command_octets_max);
  options_.tls = true;
  state_ = State::authorization;
}

// --- TRANSACTION (RFC 1939 section 5) --------------------------------------------------------------------

// RFC 1939 section 5: "+OK", one space, the count, one space, the octets, and nothing else.
Action Session::stat() const {
  return ok(std::to_string(snapshot_->listed_count()) + ' ' + std::to_string(snapshot_->listed_octets()));
}

Action Session::list(Column column, std::optional<std::uint64_t> number) {
  if (number) return list_one(column, *number);
  uids_told_ = uids_told_ || column == Column::uid;
  listing_.emplace(*snapshot_, column);
  return next_listing_piece();
}

// RFC 1939 sections 5 and 7: the answer for one number is one line.
Action Session::list_one(Column column, std::uint64_t number) const {
  if (snapshot_->presence(number) != Snapshot::Presence::listed) return err("no such message");
  return ok(listing_line(*snapshot_, static_cast<std::size_t>(number), column));
}

Action Session::next_listing_piece() {
  SendReply piece{listing_->next_piece()};
  if (listing_->done()) listing_.reset();
  return piece;
}

// A message that is marked as deleted is not to be read (RFC 1939 section 5).
Action Session::retrieve(std::uint64_t number, std::optional<std::uint64_t> body_lines) {
  if (snapshot_->presence(number) != Snapshot::Presence::listed) return err("no such message");
  return ask(Question::retrieve, AskRetrieve{static_cast<std::size_t>(number), body_lines});
}

void Session::retrieved() {
  answered(Question::retrieve);
}

// RFC 1939 section 5. A listed message is always marked: an -ERR here would leave it with the poller for
// ever.
Action Session::dele(std::uint64_t number) {
  switch (snapshot_->presence(number)) {
    case Snapshot::Presence::absent:
      return err("no such message");
    case Snapshot::Presence::deleted:
      return err("message already deleted");
    case Snapshot::Presence::listed:
      break;
  }
  snapshot_->mark_deleted(static_cast<std::size_t>(number));
  return ok("message marked");
}

Action Session::rset() {
  snapshot_->unmark_all();
  return ok("no message is marked");
}

// --- UPDATE (RFC 1939 section 6) -------------------------------------------------------------------------

Action Session::quit() {
  state_ = State::closing;
  // RFC 1939 section 4: from AUTHORIZATION there is nothing to update.
  if (!snapshot_ || snapshot_->highest() == 0) return ok("goodbye");
  return ask(Question::commit, AskCommit{snapshot_->deleted()});
}

void Session::committed(bool durable) {
  answered(Question::commit);
  // RFC 3206 section 4. RFC 1939 section 6: the answer tells whether the messages were removed.
  reply_ = (durable ? ok("goodbye") : err("[SYS/TEMP] the removal could not be recorded, nothing is removed"))
               .octets;
}

}  // namespace guichet::popd
