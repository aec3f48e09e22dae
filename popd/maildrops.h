// Between the protocol and the store: who has a maildrop, what is in it now, and what a session made of it.
//
// Thread-safe. References must outlive the object, and the object its sessions.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "popd/maildrop_locks.h"
#include "popd/offers.h"
#include "popd/session.h"
#include "popd/shelf.h"
#include "store/seams.h"
#include "store/store.h"

namespace guichet::popd {

struct MaildropOptions {
  OfferRules offers;
  // A session of which nothing was heard for so long may be displaced by another login. Longer than Alaveteli
  // ever takes over one message, and much shorter than the idle timeout, since a poller that cannot log in
  // mails its people at each attempt.
  std::chrono::seconds displace_after{600};
};

// The answer to a login: the maildrop as it is now, or why not.
struct OpenedMaildrop {
  std::optional<LoginRefusal> refusal;
  std::unique_ptr<MaildropLocks::Lock> lock;
  std::vector<store::WaitingRow> rows;
  std::vector<Shelf::Ready> ready;  // the messages themselves, when few are listed
  std::string trouble;              // for the log
};

class Maildrops {
 public:
  Maildrops(MaildropOptions options, store::Store& store, store::Clock& clock, store::Alarm alarm);

  // For one whose password was right. Blocks, for the pool: the index may have to catch up, and what is
  // listed is read and compared with its digest, unless all is listed. `send_away`: MaildropLocks.
  [[nodiscard]] OpenedMaildrop open(const std::string& name, const std::function<void()>& send_away);

  // What is to be appended at the end of a session; `by` and `at` are filled in here.
  [[nodiscard]] std::vector<store::Fact> conclude(const std::string& name,
                                                  const std::vector<store::WaitingRow>& rows, SessionEnd end,
                                                  const std::string& client);

  // It cannot be read as it was received: it is not listed any more, and somebody has to know. Never blocks.
  // Not for what passes: want of descriptors says nothing of a message, and a disk that failed once is asked
  // again before a message is given up; the next login does that. A failure is forgotten once the message was
  // served whole: not when a login could read it, or one that always fails on the way out would hold up the
  // maildrop for ever.
  void set_aside(const store::WaitingRow& row, const store::Error& why);

 private:
  store::Result<void> list(const std::string& name, OpenedMaildrop& opened);
  [[nodiscard]] std::optional<store::Error> trouble_of_the_moment(const OpenedMaildrop& opened);
  std::size_t set_aside_unreadable(OpenedMaildrop& opened);
  [[nodiscard]] bool first_failure(const store::Uid& uid);
  void forgive_served(const std::vector<store::WaitingRow>& rows, const std::vector<bool>& retrieved);
  void tell_of(const std::vector<store::Fact>& facts);

  const MaildropOptions options_;
  store::Store& store_;
  store::Clock& clock_;
  const store::Alarm alarm_;
  MaildropLocks locks_;
  std::mutex mutex_;
  std::map<std::string, store::Instant> last_hand_overs_;  // since the start
  std::set<store::Uid> failed_reads_;                      // what the disk failed to give once
};

}  // namespace guichet::popd
