#include "smtpd/door_driver.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace guichet::smtpd {
namespace {

using net::DnsAnswer;
using net::RecordType;
using Outcome = DnsAnswer::Outcome;

// RFC 8601 2.7.3 and RFC 7208 4.6.4: of many names only so many are looked at.
constexpr std::size_t names_max = 5;

}  // namespace

struct Gathering::State {
  std::mutex mutex;
  DnsFacts facts;
  unsigned open = 1;  // questions, and begin() itself until it has asked all of them
  Done done;
};

Gathering::Gathering() : state_(std::make_unique<State>()) {}
Gathering::~Gathering() = default;

std::shared_ptr<Gathering> Gathering::begin(const FrontDoor& door, const std::string& client, Asked what) {
  std::shared_ptr<Gathering> made(new Gathering());
  const auto address = parse_ip(client);
  if (door.resolver && address) {
    made->resolver_ = door.resolver;
    made->until_ = door.resolver->until();
    if (what == Asked::name)
      made->ask_name(*address);
    else
      for (const auto& list : door.rules.lists)
        made->ask_list(list, *address);
  }
  made->answered();
  return made;
}

void Gathering::when_done(Done done) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->open > 0) {
      state_->done = std::move(done);
      return;
    }
  }
  done(state_->facts);
}

std::optional<DnsFacts> Gathering::done() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->open > 0) return std::nullopt;
  return state_->facts;
}

// One question less; with the last one whoever waits is called.
void Gathering::answered() {
  Done done;
  {
    const std::lock_guard lock(state_->mutex);
    if (--state_->open > 0) return;
    done = std::exchange(state_->done, nullptr);
  }
  if (done) done(state_->facts);
}

// `take` may ask more; it is heard before its question counts as answered.
void Gathering::ask(const std::string& name, RecordType type, Take take) {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->open;
  }
  resolver_->ask(name, type, until_, [self = shared_from_this(), take = std::move(take)](DnsAnswer answer) {
    take(*self, answer);
    self->answered();
  });
}

void Gathering::ask_list(const DoorList& list, const IpAddress& address) {
  ask(name_in_list(address, list.zone), RecordType::a, [list](Gathering& self, const DnsAnswer& answer) {
    const auto& records = answer.records;
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const std::string& record) { return counts(list, record); });
    const std::lock_guard lock(self.state_->mutex);
    auto& facts = self.state_->facts;
    if (answer.outcome == Outcome::failed) facts.silent.push_back(list.zone);
    if (found != records.end()) facts.listings.push_back({list.zone, *found, list.weight});
  });
}

void Gathering::ask_name(const IpAddress& address) {
  state_->facts.reverse_name.state = ReverseName::State::unknown;
  ask(pointer_name(address), RecordType::ptr, [address](Gathering& self, const DnsAnswer& answer) {
    if (answer.outcome == Outcome::found) {
      self.set_name(ReverseName::State::unverified, answer.records.front());
      for (std::size_t i = 0; i < std::min(answer.records.size(), names_max); ++i)
        self.ask_addresses_of(answer.records[i], address);
    } else if (answer.outcome == Outcome::nothing) {
      self.set_name(ReverseName::State::none, {});
    }
  });
}

// A name that leads back wins over one that does not, whichever answer comes first.
void Gathering::ask_addresses_of(const std::string& name, const IpAddress& address) {
  const auto type = address.v4() ? RecordType::a : RecordType::aaaa;
  ask(name, type, [name, address](Gathering& self, const DnsAnswer& answer) {
    const bool back = std::any_of(answer.records.begin(), answer.records.end(),
                                  [&](const std::string& record) { return parse_ip(record) == address; });
    if (back) self.set_name(ReverseName::State::verified, name);
    if (answer.outcome == Outcome::failed) self.set_name(ReverseName::State::unknown, name);
  });
}

void Gathering::set_name(ReverseName::State state, std::string name) {
  const std::lock_guard lock(state_->mutex);
  auto& known = state_->facts.reverse_name;
  if (known.state != ReverseName::State::verified) known = {state, std::move(name)};
}

void Visit::of(const std::string& client) {
  if (client == client_) return;
  client_ = client;
  dns_ = {};
  early_ = false;
  const bool lists = !door_.rules.lists.empty() && !door_.rules.trusts(client);
  name_ = door_.rules.reverse_name ? Gathering::begin(door_, client, Asked::name) : nullptr;
  lists_ = lists ? Gathering::begin(door_, client, Asked::lists) : nullptr;
}

// By zone, not in the order in which the answers happened to come: what is recorded can be compared.
void Visit::settle(Asked what, DnsFacts dns) {
  if (what == Asked::name) {
    dns_.reverse_name = std::move(dns.reverse_name);
    name_ = nullptr;
  } else {
    dns_.listings = std::move(dns.listings);
    dns_.silent = std::move(dns.silent);
    std::ranges::sort(dns_.listings, {}, &Listing::zone);
    std::ranges::sort(dns_.silent);
    lists_ = nullptr;
  }
}

void Visit::settle_what_is_done() {
  for (const auto what : {Asked::name, Asked::lists})
    if (open(what))
      if (auto dns = gathering(what)->done()) settle(what, std::move(*dns));
}

bool Visit::waits_for_greeting() const {
  return door_.rules.greet_delay_ms > 0 && !door_.rules.trusts(client_);
}

void Visit::record(Envelope& envelope) {
  settle_what_is_done();
  const auto facts = this->facts(envelope.helo, envelope.mail_from);
  envelope.reverse_name_state = name_of(facts.dns.reverse_name.state);
  envelope.reverse_name = facts.dns.reverse_name.name;
  envelope.front_door = tags(door_.rules, facts);
}

DoorFacts Visit::facts(const std::string& helo, const std::string& sender) const {
  return {.client = client_, .helo = helo, .early = early_, .sender = sender, .genuine = false, .dns = dns_};
}

}  // namespace guichet::smtpd
