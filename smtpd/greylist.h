// Who tried before and who delivered before, in a database of its own that may be lost: without it everybody
// is let in. Keyed by the client's neighbourhood (/24, /64), the sender and the recipient, so that a sender's
// servers may take turns. Bounded: the oldest are forgotten. Blocks on a file; thread-safe.
//
// Nobody who delivered before is put off, so what is in the archive is learnt at each start: until that is
// done, and while the table of tries is flooded, everybody is let in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "smtpd/front_door.h"
#include "store/seams.h"
#include "store/sqlite.h"

namespace guichet::smtpd {

struct GreylistOptions {
  std::filesystem::path file;
  std::int64_t delay_s = 300;
  std::int64_t window_s = 48 * 3600;
  std::int64_t known_s = std::int64_t{3650} * 86'400;
  std::int64_t rows_max = 200'000;  // of each of the two tables
  bool learns = false;              // somebody asks learning_since()
};

class Greylist {
 public:
  struct Key {
    std::string client;  // an address
    std::string sender;  // empty: the null sender
    std::string recipient;
  };

  // Nothing is opened yet. `alarm` is told when the database cannot be used, once until it can again.
  Greylist(GreylistOptions options, store::Clock& clock, store::Alarm alarm);
  ~Greylist();

  // Remembers the try. Never `not_asked`.
  [[nodiscard]] Greylisting ask(const Key& key);
  // The same, and remembers nothing: for another process that only wants to know. An object that has looked
  // asks no more.
  [[nodiscard]] Greylisting look(const Key& key);
  // A message was filed, now or then. False: it could not be remembered.
  bool delivered(const std::string& client, const std::string& sender, std::optional<store::Instant> at = {});
  // True also when that cannot be said.
  [[nodiscard]] bool delivered_before(const std::string& client);

  // Since when deliveries are to be told by delivered(), and then learnt() be called; nullopt: nothing is to
  // be learnt, or the database cannot be used.
  [[nodiscard]] std::optional<store::Instant> learning_since();
  void learnt();

 private:
  struct Statements;
  [[nodiscard]] store::Result<Greylisting> find(const Key& key, std::int64_t now);
  [[nodiscard]] store::Result<void> open(bool write);
  [[nodiscard]] Greylisting ask_now(const Key& key);
  [[nodiscard]] store::Result<void> open_for_writing(std::int64_t now);
  [[nodiscard]] store::Result<void> trim_tries(std::int64_t now);
  void begin_anew();
  [[nodiscard]] store::Result<void> create();
  [[nodiscard]] store::Result<void> remember(const Key& key, std::int64_t now);
  [[nodiscard]] store::Result<void> forget(std::int64_t now);
  void give_up(const store::Error& error, std::int64_t now);
  void close();
  [[nodiscard]] std::int64_t now_s();

  const GreylistOptions options_;
  store::Clock& clock_;
  const store::Alarm alarm_;
  std::mutex mutex_;
  std::unique_ptr<store::sqlite::Database> database_;
  std::unique_ptr<Statements> statements_;
  std::int64_t broken_since_s_ = 0;  // 0: it is not
  bool learning_;
  std::int64_t flooded_until_s_ = 0;
  std::int64_t writes_ = 0;
};

}  // namespace guichet::smtpd
