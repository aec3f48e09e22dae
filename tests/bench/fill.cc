// Fills a store fast, by its own library: what is measured at a million messages need not come in by SMTP.
//
// usage: store_fill STORE MESSAGES OCTETS [SEED [VOLUME_OCTETS_MAX [HANDED_OVER_PERCENT]]]
//
// Appends MESSAGES messages of about OCTETS octets, one recipient each (maildrop "foi"), to the store in the
// folder STORE, which is made when it is not there. The text is of random letters: nothing compresses it to
// nothing. Another SEED gives other messages. Prints one line of JSON: messages, octets, seconds.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <semaphore>
#include <string>

#include "store/hash.h"
#include "store/seams.h"
#include "store/store.h"

namespace {

using namespace guichet::store;

constexpr std::ptrdiff_t outstanding_max = 4096;

struct Plan {
  std::string folder;
  std::uint64_t messages = 0, octets = 0, seed = 1;
  std::uint64_t volume_octets_max = 256ull << 20;
  std::uint64_t handed_over_percent = 0;
};

class Filler {
 public:
  Filler(Store& store, Clock& clock, IdSource& ids, const Plan& plan)
      : store_(store), clock_(clock), ids_(ids), plan_(plan), chance_(plan.seed) {}

  // False: something was refused.
  bool run() {
    for (std::uint64_t i = 0; i < plan_.messages; ++i)
      take(i);
    for (std::ptrdiff_t i = 0; i < outstanding_max; ++i)
      room_.acquire();
    return !refused_;
  }

 private:
  void take(std::uint64_t number) {
    const auto octets = text(number);
    const auto now = clock_.now();
    const MessageId message{ids_.mint(now)};
    auto body = store_.new_body(message);
    body.append(octets);
    const auto digest = sha256(octets);
    Append append{.body = Append::NewMessage{message, now, digest, std::move(body)}, .facts = {}, .done = {}};
    add_facts(append, message, now, digest, octets.size());
    push(std::move(append));
  }

  void add_facts(Append& append, MessageId message, Instant now, const Digest& digest, std::uint64_t size) {
    const Recipient recipient{.address = "foi+request-1-abcdef12@example.test", .maildrop = "foi"};
    const Uid uid{ids_.mint(now)};
    append.facts.emplace_back(
        Received{.message = message,
                 .at = now,
                 .digest = digest,
                 .size_octets = size,
                 .recipients = {recipient},
                 .envelope = R"({"mail_from":"a@town.example","helo":"town.example"})"});
    const std::string prefix = "Return-Path: <a@town.example>\r\n";
    append.facts.emplace_back(Delivered{.uid = uid,
                                        .message = message,
                                        .at = now,
                                        .recipient = recipient,
                                        .form = {.prefix = prefix,
                                                 .rule = {.version = 1, .owned = {"return-path"}},
                                                 .size_octets = prefix.size() + size}});
    if (chance_() % 100 < plan_.handed_over_percent)
      append.facts.emplace_back(
          HandedOver{.uid = uid, .message = message, .at = now, .by = "pop3 127.0.0.1:1"});
  }

  void push(Append append) {
    room_.acquire();
    append.done = [this](const Result<void>& done) {
      if (!done && !refused_.exchange(true))
        std::fprintf(stderr, "store_fill: %s\n", done.error().text.c_str());
      room_.release();
    };
    store_.append(std::move(append));
  }

  std::string text(std::uint64_t number) {
    std::string out = "From: clerk@town.example\r\nSubject: " + std::to_string(plan_.seed) + "/" +
                      std::to_string(number) + "\r\n\r\n";
    out.reserve(plan_.octets + 80);
    while (out.size() < plan_.octets) {
      auto bits = chance_();
      for (int i = 0; i < 10; ++i, bits >>= 6)
        out.push_back("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[bits & 63]);
      if (out.size() % 7 == 0) out += "\r\n";
    }
    return out += "\r\n";
  }

  Store& store_;
  Clock& clock_;
  IdSource& ids_;
  const Plan& plan_;
  std::mt19937_64 chance_;
  std::counting_semaphore<outstanding_max> room_{outstanding_max};
  std::atomic<bool> refused_ = false;
};

std::uint64_t number(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

int fill(const Plan& plan) {
  const auto begin = std::chrono::steady_clock::now();
  const auto disk = real_disk();
  const auto clock = real_clock();
  const auto ids = random_ids();
  auto store = Store::open({.path = plan.folder, .volume_octets_max = plan.volume_octets_max}, *disk, *clock,
                           *ids, [](const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); });
  if (!store) return std::fprintf(stderr, "store_fill: %s\n", store.error().text.c_str()), 1;
  const bool done = Filler(**store, *clock, *ids, plan).run();
  if (auto indexed = (*store)->wait_for_index(); !indexed)
    return std::fprintf(stderr, "store_fill: %s\n", indexed.error().text.c_str()), 1;
  (*store)->stop();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("{\"messages\": %llu, \"octets\": %llu, \"seconds\": %.1f}\n",
              static_cast<unsigned long long>(plan.messages),
              static_cast<unsigned long long>(plan.messages * plan.octets), took.count());
  return done ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 7) {
    std::fprintf(
        stderr, "usage: store_fill STORE MESSAGES OCTETS [SEED [VOLUME_OCTETS_MAX [HANDED_OVER_PERCENT]]]\n");
    return 2;
  }
  Plan plan{.folder = argv[1], .messages = number(argv[2]), .octets = number(argv[3])};
  if (argc > 4) plan.seed = number(argv[4]);
  if (argc > 5) plan.volume_octets_max = number(argv[5]);
  if (argc > 6) plan.handed_over_percent = number(argv[6]);
  return fill(plan);
}
