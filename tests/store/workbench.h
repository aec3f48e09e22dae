// What tests of the store share: time that goes by itself, ids that can be told apart, mails, a folder that
// goes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/hash.h"
#include "store/seams.h"
#include "store/store.h"

namespace guichet::store {

class SteadyClock final : public Clock {
 public:
  Instant now() override { return {.unix_us = 1'780'000'000'000'000 + 1000 * ticks_++}; }

 private:
  std::atomic<std::int64_t> ticks_ = 0;
};

class CountingIds final : public IdSource {
 public:
  explicit CountingIds(std::uint8_t family = 1) : family_(family) {}
  Uuid mint(Instant now) override {
    Uuid id;
    auto ms = static_cast<std::uint64_t>(now.unix_us / 1000);
    for (int i = 5; i >= 0; --i, ms >>= 8)
      id.octets[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms);
    id.octets[6] = 0x70;
    id.octets[8] = 0x80;
    id.octets[10] = family_;
    auto count = count_++;
    for (std::size_t i = 15; i > 10; --i, count >>= 8)
      id.octets[i] = static_cast<std::uint8_t>(count);
    return id;
  }

 private:
  const std::uint8_t family_;
  std::atomic<std::uint64_t> count_ = 1;
};

// In memory where there is such a place: these tests make thousands of indexes, and none is about its syncs.
class TempFolder {
 public:
  TempFolder() {
    const std::filesystem::path memory = "/dev/shm";
    const bool usable = ::access(memory.c_str(), W_OK) == 0;
    std::string name =
        ((usable ? memory : std::filesystem::temp_directory_path()) / "guichet-store-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Thread-safe.
class Alarms {
 public:
  [[nodiscard]] Alarm listener() {
    return [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      heard_.push_back(text);
    };
  }
  [[nodiscard]] std::vector<std::string> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> heard_;
};

struct Mail {
  MessageId message;
  std::string octets;
  std::vector<Recipient> recipients;
  std::vector<Uid> uids;  // of the deliveries, one for each recipient
  [[nodiscard]] Digest digest() const { return sha256(octets); }
};

inline std::string mail_text(const std::string& body) {
  return "From: clerk@council.example\r\nMessage-ID: <reply@council.example>\r\nSubject: Your "
         "request\r\n\r\n" +
         body + "\r\n";
}

inline Mail new_mail(Clock& clock, IdSource& ids, std::string octets,
                     std::vector<std::string> maildrops = {"foi"}) {
  Mail mail{.message = {ids.mint(clock.now())}, .octets = std::move(octets), .recipients = {}, .uids = {}};
  for (auto& maildrop : maildrops) {
    const auto number = std::to_string(mail.recipients.size());
    mail.recipients.push_back({.address = maildrop + "+" + number + "@example.test", .maildrop = maildrop});
    mail.uids.push_back({ids.mint(clock.now())});
  }
  return mail;
}

inline std::vector<Fact> facts_of(const Mail& mail, Instant now) {
  std::vector<Fact> facts{Received{.message = mail.message,
                                   .at = now,
                                   .digest = mail.digest(),
                                   .size_octets = mail.octets.size(),
                                   .recipients = mail.recipients,
                                   .envelope = R"({"helo":"council.example"})"}};
  const std::string prefix = "Return-Path: <clerk@council.example>\r\n";
  for (std::size_t i = 0; i < mail.uids.size(); ++i)
    facts.emplace_back(Delivered{.uid = mail.uids[i],
                                 .message = mail.message,
                                 .at = now,
                                 .recipient = mail.recipients[i],
                                 .form = {.prefix = prefix,
                                          .rule = {.version = 1, .owned = {"return-path"}},
                                          .size_octets = prefix.size() + mail.octets.size()}});
  return facts;
}

// `spool_octets` of the body go to the spool file.
inline Result<Append> to_append(Store& store, Clock& clock, const Mail& mail, std::size_t spool_octets = 0) {
  const auto now = clock.now();
  auto body = store.new_body(mail.message);
  const std::string_view octets(mail.octets);
  body.append(octets.substr(0, spool_octets));
  if (spool_octets > 0)
    if (auto spilled = body.spill(); !spilled) return tl::unexpected(spilled.error());
  body.append(octets.substr(spool_octets));
  return Append{.body = Append::NewMessage{mail.message, now, mail.digest(), std::move(body)},
                .facts = facts_of(mail, now),
                .done = nullptr};
}

inline Append hand_over(Clock& clock, const std::vector<std::pair<MessageId, Uid>>& taken) {
  Append append;
  for (const auto& [message, uid] : taken)
    append.facts.emplace_back(
        HandedOver{.uid = uid, .message = message, .at = clock.now(), .by = "pop3 127.0.0.1:1"});
  return append;
}

// The answer of the writer, when it comes.
inline std::future<Result<void>> push(Store& store, Append append) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  auto answer = promise->get_future();
  append.done = [promise](Result<void> result) { promise->set_value(std::move(result)); };
  store.append(std::move(append));
  return answer;
}

}  // namespace guichet::store
