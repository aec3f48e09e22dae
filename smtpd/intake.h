// From the first octet of a body to its place in the store: hashes, measures the served form, and composes
// what the store makes durable in one go: the message, and its deliveries, unless it is judged before those
// (undelivered.h). A recipient without a maildrop is a black hole: its delivery is handed over in the same
// go, to nobody. Used by the driver; knows no socket.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpd/envelope.h"
#include "smtpd/reply.h"
#include "store/hash.h"
#include "store/seams.h"
#include "store/served_form.h"
#include "store/store.h"

namespace guichet::smtpd {

struct IntakeOptions {
  std::string hostname;
  std::uint64_t spool_octets_min = 2ull << 20;
  // Called with each message that was filed without deliveries, when that is durable; from any thread, must
  // not block. Null: messages are not judged, and have their deliveries at once.
  std::function<void(const store::MessageId& message)> judge = nullptr;
  // The same for a stranger's, whose client is answered after it: `done` is called once, from any thread,
  // within seconds, with a refusal or without. Null: nobody is asked before the answer.
  using Judged = std::function<void(std::optional<Reply> refusal)>;
  std::function<void(const store::MessageId& message, Judged done)> judge_first = nullptr;
};

struct Judgement;

class Intake;

// Who vouches for the header: nobody; a server of ours in front; whoever kept the mailbox that is imported.
enum class Origin { stranger, upstream, mailbox };
[[nodiscard]] Origin origin_of(const Envelope& envelope);

// One message being received. Made at the start of its body; destroyed when it is filed or given up.
class Incoming {
 public:
  Incoming(Intake& intake, store::MessageId id, store::ServedRule rule);

  void append(std::string_view octets);
  // The body has outgrown its share of memory: call spill() from a thread that may block.
  [[nodiscard]] bool wants_to_spill() const;
  void spill();  // a failure is remembered and becomes the refusal of finish()

  [[nodiscard]] const store::MessageId& id() const { return id_; }
  [[nodiscard]] std::uint64_t octets() const { return body_.size(); }

  // The whole of it, for Store::append(), without `done`; or why it cannot be filed. The object is spent.
  [[nodiscard]] store::Result<store::Append> finish(const Envelope& envelope,
                                                    const std::vector<store::Recipient>& recipients);
  // The store has it: whoever waits for this message's company has it now.
  void submitted() { expectation_.reset(); }

 private:
  Intake& intake_;
  const store::MessageId id_;
  store::Body body_;
  store::Sha256 hash_;
  store::ServedTransform transform_;
  std::optional<store::Error> failure_;
  std::unique_ptr<store::Store::Expectation> expectation_;
};

// Shared by all sessions; outlives them.
class Intake {
 public:
  Intake(store::Store& store, store::Clock& clock, store::IdSource& ids, IntakeOptions options);

  // `origin`: as in the envelope that comes at the end.
  [[nodiscard]] std::unique_ptr<Incoming> begin(Origin origin);
  [[nodiscard]] store::Uuid new_id() { return ids_.mint(clock_.now()); }
  // Not now: the disk (its octets, its files) or the memory for bodies is full (452 4.3.1), hardly a file can
  // be opened (452 4.3.2), or the disk failed (421).
  [[nodiscard]] std::optional<Reply> refusal(std::uint64_t octets_declared) const;

  // Whether messages from there wait for a judgement. Imported ones do not: what they rested on is gone.
  [[nodiscard]] bool judges(Origin origin) const { return options_.judge && origin != Origin::mailbox; }
  // Whether the client is answered by judge_first(). A server of ours has accepted it already.
  // Mail to an address that Alaveteli has given out, or to the postmaster, is not refused for what is in it.
  [[nodiscard]] bool judges_first(Origin origin, const std::vector<RecipientClass>& classes) const {
    const auto is_spared = [](RecipientClass each) {
      return each == RecipientClass::genuine || each == RecipientClass::local;
    };
    return options_.judge_first && origin == Origin::stranger && std::ranges::none_of(classes, is_spared);
  }
  void judge_first(const store::MessageId& message, IntakeOptions::Judged done) const {
    options_.judge_first(message, std::move(done));
  }
  // It is durable: whoever judges may begin.
  void filed(const store::MessageId& message, Origin origin) const {
    if (judges(origin)) options_.judge(message);
  }

  // What a recipient's copy is made of.
  struct Copy {
    const Envelope& envelope;
    const store::Received& received;
    const store::Recipient& recipient;
    const store::ServedTransform::Facts& facts;
    const Judgement& judgement;
  };
  // Its delivery, and what befalls it at once, to `facts`.
  void add_delivery(std::vector<store::Fact>& facts, const Copy& copy);

  [[nodiscard]] store::Store& store() { return store_; }
  [[nodiscard]] store::Instant now() const { return clock_.now(); }

 private:
  friend class Incoming;
  [[nodiscard]] store::Delivered deliver(const Copy& copy);

  store::Store& store_;
  store::Clock& clock_;
  store::IdSource& ids_;
  const IntakeOptions options_;
};

// The fields that are ours in the served form. What a trusted upstream found out about the sender is kept as
// it came: it stands where we stand otherwise, and removes what is forged (RFC 8601 section 5). `more`: names
// of fields that a judgement adds, lower case.
[[nodiscard]] store::ServedRule served_rule(Origin origin, const std::vector<std::string>& more = {});

// What the client is told when the machine is at fault: always a 4xx, so that it comes back.
[[nodiscard]] Reply reply_for(const store::Error& error);

}  // namespace guichet::smtpd
