// All filters that the configuration turns on, for one message at a time and thread: from octets and envelope
// to what was found out, the rule that counts, and what deliveries are made of it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "cli/filter_samples.h"
#include "cli/judge_names.h"
#include "conf/settings.h"
#include "filters/clamd.h"
#include "filters/message_file.h"
#include "filters/rspamd.h"
#include "filters/rules.h"
#include "filters/worker_pool.h"
#include "smtpd/envelope.h"
#include "smtpd/undelivered.h"

namespace guichet::cli {

// A message with what is known of it.
struct FilteredMessage {
  std::string id;
  filters::Envelope envelope;
  std::string client_name;  // that was verified, or told by a neighbour
  filters::RuleFacts facts;
  // A server of ours in front has let results through that bear our name: nobody may take them for ours.
  bool forged_results = false;
  filters::MessageFile file;
};
// What SPF and all that rests on the client's address may know: nothing, where a server of ours in front did
// not say whose mail it hands in.
[[nodiscard]] filters::Envelope filters_envelope(const smtpd::Envelope& envelope, const std::string& hostname,
                                                 store::Instant received);
// A name that leads back to the address, or that a neighbour of ours has told; "": neither.
[[nodiscard]] std::string client_name_of(const smtpd::Envelope& envelope);
[[nodiscard]] filters::RuleFacts rule_facts(const smtpd::Envelope& envelope, const store::Received& received);

struct Looking {
  bool ask_dns = true;  // else what rests on it is a temperror
  // Called once, in another thread, when rspamd has answered or will not; not at all where it is not asked.
  std::function<void(const filters::Scan<filters::RspamdVerdict>& spam)> on_spam = nullptr;
};

class Filtering {
 public:
  using Say = std::function<void(const std::string& text)>;

  // Reads the password of rspamd. The error is one line for the operator. `settings` and `resolver` must
  // outlive it; no resolver is needed where authentication is off.
  [[nodiscard]] static tl::expected<std::unique_ptr<Filtering>, std::string> make(
      const conf::Settings& settings, net::Resolver* resolver, const Say& news);

  // The message in a file of its own: in memory, or without a name in the store's folder for such. `read`
  // gives the octets, piece by piece.
  using Take = std::function<void(std::string_view octets)>;
  [[nodiscard]] store::Result<filters::MessageFile> file_of(
      const std::function<store::Result<void>(const Take& take)>& read) const;

  // Blocks, within the time limits of the filters; what could not be found out is in the verdict. An
  // exception is the machine's fault: no thread, no memory.
  [[nodiscard]] filters::Verdict find_out(const FilteredMessage& message, const Looking& looking = {});
  // nullptr: none counts. `waited`: those that make it wait are left out.
  [[nodiscard]] const filters::Rule* rule(const filters::RuleFacts& facts, const filters::Verdict& verdict,
                                          bool waited) const;
  // Owns the spam field, unless a server of ours in front wrote it and rspamd has said nothing.
  [[nodiscard]] smtpd::Judgement judgement(smtpd::Origin origin, const filters::Envelope& envelope,
                                           const filters::Verdict& verdict, const filters::Rule* rule) const;

  // Whether all conditions of the rule of this name hold.
  [[nodiscard]] bool holds(const std::string& rule, const FilteredMessage& message,
                           const filters::Verdict& verdict) const;
  // The decoded octets of one part of a message; or why not.
  [[nodiscard]] std::string extract(const std::string& part, const filters::MessageFile& file,
                                    const filters::Sink& sink);

  // How each filter fares that may fail as a whole: how often it did and did not do its work, and what is
  // wrong with it now, in words; "": nothing that is known.
  struct Standing {
    std::string name;
    std::uint64_t answered = 0, failed = 0;
    std::string trouble;
  };
  [[nodiscard]] std::vector<Standing> standing() const;

 private:
  Filtering(const conf::Settings& settings, net::Resolver* resolver, const Say& news);
  [[nodiscard]] filters::MessageFileOptions file_options() const;
  filters::Findings read(const FilteredMessage& message, bool ask_dns);
  void note_worker(const filters::Outcome& outcome);
  filters::Scan<filters::ClamdVerdict> look_into_parts(const FilteredMessage& message,
                                                       const filters::Findings& findings,
                                                       filters::Scan<filters::ClamdVerdict> whole);

  const conf::Settings& settings_;
  net::Resolver* const resolver_;
  const std::shared_ptr<DnsHealth> dns_ = std::make_shared<DnsHealth>();  // outlives the last question
  std::atomic<std::uint64_t> workers_answered_ = 0, workers_failed_ = 0;
  mutable std::mutex worker_trouble_mutex_;
  std::string worker_trouble_;  // why the last one could not be started; "": it could
  std::vector<filters::Rule> rules_;
  std::unique_ptr<FilterSamples> samples_;
  std::unique_ptr<filters::WorkerPool> pool_;
  std::unique_ptr<filters::Rspamd> rspamd_;
  std::unique_ptr<filters::Clamd> clamd_;
};

}  // namespace guichet::cli
