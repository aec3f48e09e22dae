#include "cli/import_act.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "smtpd/intake.h"
#include "store/hex.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Instant;
using store::Result;
using store::Store;

constexpr std::size_t piece_octets = 256 * 1024;
constexpr std::uint64_t spool_octets_min = 2ull << 20;

std::string unhex(const std::string& digits) {
  std::vector<std::uint8_t> octets(digits.size() / 2);
  if (!store::read_hex(digits, octets)) return "";
  return {octets.begin(), octets.end()};
}

struct Item {
  std::uint64_t offset = 0, octets = 0;
  Instant at;
  std::string dated_by, recipient, mail_from, file, key;
};

std::optional<Item> item_of(const Json& json) {
  const auto at = Instant::from_rfc3339(json.value("at", ""));
  if (!at) return std::nullopt;
  return Item{.offset = json.value("offset", std::uint64_t{0}),
              .octets = json.value("octets", std::uint64_t{0}),
              .at = *at,
              .dated_by = json.value("dated_by", ""),
              .recipient = unhex(json.value("recipient_hex", "")),
              .mail_from = unhex(json.value("mail_from_hex", "")),
              .file = unhex(json.value("file_hex", "")),
              .key = unhex(json.value("key_hex", ""))};
}

// What is received was received when the mailbox says; what is done is done now.
class SourceTime final : public store::Clock {
 public:
  Instant now() override { return at; }
  Instant at;
};

class Importer {
 public:
  Importer(Store& store, const Json& request, int descriptor)
      : store_(store),
        request_(request),
        descriptor_(descriptor),
        maildrop_(request.value("maildrop", "")),
        by_(request.value("by", "")),
        dry_run_(request.value("dry_run", false)),
        now_(store::real_clock()->now()),
        intake_(store, clock_, *ids_, {request.value("hostname", "localhost"), spool_octets_min}) {}

  Json run() {
    for (const auto& json : request_["messages"]) {
      const auto item = item_of(json);
      outcomes_.emplace_back();
      if (!item)
        outcomes_.back().text = "the request cannot be read";
      else
        begin(*item, outcomes_.back());
    }
    Json results = Json::array();
    for (auto& outcome : outcomes_)
      results.push_back(outcome.settled());
    return {{"ok", true}, {"results", std::move(results)}};
  }

 private:
  struct Outcome {
    std::string text;                                // unless it is being written
    std::optional<std::future<Result<void>>> write;  // until it is durable
    std::string settled() {
      if (!write) return text;
      const auto done = write->get();
      return done ? "imported" : done.error().text;
    }
  };

  // Its octets are read even in a dry run: that is how their digest becomes known.
  void begin(const Item& item, Outcome& outcome) {
    clock_.at = item.at;
    const auto incoming = intake_.begin(smtpd::Origin::mailbox);
    if (auto read = take_in(item, *incoming); !read) return void(outcome.text = read.error().text);
    smtpd::Envelope envelope;
    envelope.protocol = "import";
    envelope.mail_from = item.mail_from;
    auto append = incoming->finish(envelope, {{item.recipient, maildrop_}});
    if (!append) return void(outcome.text = append.error().text);
    auto known = known_as(item, append->body->digest);
    if (!known) return void(outcome.text = known.error().text);
    if (!known->empty() || dry_run_) return void(outcome.text = known->empty() ? "imported" : *known);
    complete(*append, item);
    outcome.write.emplace(submit(std::move(*append)));
    incoming->submitted();
  }

  Result<void> take_in(const Item& item, smtpd::Incoming& incoming) {
    if (!store_.has_room(item.octets))
      return store::fail(store::ErrorKind::no_space, "the file system is down to its reserve");
    std::string piece;
    for (std::uint64_t done = 0; done < item.octets; done += piece.size()) {
      piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_octets, item.octets - done)));
      const auto got =
          ::pread(descriptor_, piece.data(), piece.size(), static_cast<off_t>(item.offset + done));
      if (got <= 0)
        return store::fail(store::ErrorKind::io, std::string("its octets cannot be read: ") +
                                                     (got < 0 ? std::strerror(errno) : "end"));
      piece.resize(static_cast<std::size_t>(got));
      incoming.append(piece);
      if (incoming.wants_to_spill()) incoming.spill();
    }
    return {};
  }

  // "there", "erased", or "" when it is new.
  Result<std::string> known_as(const Item& item, const store::Digest& digest) {
    const auto identity = digest.hex() + " " + item.key;
    if (!seen_.insert(identity).second) return "there";
    constexpr std::size_t equal_max = 10'000;
    const auto rows =
        store_.ask([&](store::IndexReader& index) { return index.matching(digest.hex(), equal_max); });
    if (!rows) return tl::unexpected(rows.error());
    for (const auto& row : *rows) {
      const auto fact = store_.archive().fact(row.place);
      if (!fact) return tl::unexpected(fact.error());
      // Whoever asked for it to be erased does not want it back by a mailbox that nobody thought of.
      if (std::holds_alternative<store::Erased>(*fact)) return "erased";
      const auto* received = std::get_if<store::Received>(&*fact);
      if (received && is_import_of(*received, item)) return "there";
    }
    return "";
  }

  [[nodiscard]] bool is_import_of(const store::Received& received, const Item& item) const {
    const auto envelope = Json::parse(received.envelope, nullptr, /*allow_exceptions=*/false);
    if (!envelope.is_object() || !envelope.contains("imported")) return false;
    const auto& imported = envelope["imported"];
    const auto same_maildrop = [&](const store::Recipient& to) { return to.maildrop == maildrop_; };
    return imported.value("key_hex", "") == store::hex(item.key) &&
           imported.value("from", "") == request_.value("from", "") &&
           std::ranges::any_of(received.recipients, same_maildrop);
  }

  void complete(store::Append& append, const Item& item) {
    auto& received = std::get<store::Received>(append.facts.front());
    received.envelope = with_origin(std::move(received.envelope), item);
    auto& delivered = std::get<store::Delivered>(append.facts.back());
    delivered.at = now_;
    delivered.uid = {uids_->mint(now_)};
    if (!request_.value("handed_over", false)) return;
    store::HandedOver over;
    over.uid = delivered.uid;
    over.message = delivered.message;
    over.at = now_;  // not when it was: retention (keep_handed_over_days) begins with the import
    over.by = "import --handed-over by " + by_;
    append.facts.emplace_back(std::move(over));
  }

  [[nodiscard]] std::string with_origin(std::string envelope, const Item& item) const {
    envelope.pop_back();  // its closing brace
    envelope.append(R"(,"imported":{"at":")").append(now_.rfc3339()).append(R"(","by":)");
    store::append_json_string(envelope, by_);
    envelope.append(R"(,"from":)");
    store::append_json_string(envelope, request_.value("from", ""));
    envelope.append(R"(,"file":)");
    store::append_json_string(envelope, item.file);
    envelope.append(R"(,"dated_by":)");
    store::append_json_string(envelope, item.dated_by);
    envelope.append(R"(,"key":)");
    store::append_json_string(envelope, item.key);
    return envelope.append(R"(,"key_hex":")").append(store::hex(item.key)).append(R"("}})");
  }

  std::future<Result<void>> submit(store::Append append) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto future = promise->get_future();
    append.done = [promise](Result<void> done) { promise->set_value(std::move(done)); };
    store_.append(std::move(append));
    return future;
  }

  Store& store_;
  const Json& request_;
  const int descriptor_;
  const std::string maildrop_, by_;
  const bool dry_run_;
  const Instant now_;
  SourceTime clock_;
  const std::unique_ptr<store::IdSource> ids_ = store::random_ids(), uids_ = store::random_ids();
  smtpd::Intake intake_;
  std::set<std::string> seen_;
  std::list<Outcome> outcomes_;
};

}  // namespace

// Nothing is erased meanwhile: an import must not bring back what is just being taken out.
Json import_messages(Store& store, const Json& request, int descriptor) {
  if (descriptor < 0 || !request.contains("messages") || !request["messages"].is_array())
    return {{"ok", false}, {"error", "an import needs messages and the file that holds them"}};
  const auto alone = store.alone();
  try {
    return Importer(store, request, descriptor).run();
  } catch (const Json::exception& error) {  // a member of another type
    return {{"ok", false}, {"error", std::string("the request cannot be read: ") + error.what()}};
  }
}

}  // namespace guichet::cli
