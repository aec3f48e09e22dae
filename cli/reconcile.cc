#include "cli/reconcile.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "cli/act.h"
#include "cli/header_fields.h"
#include "cli/moment.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/reconcile_list.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::ErrorKind;
using store::Instant;
using store::Result;

constexpr int bad_usage = 2;
constexpr std::size_t page_rows = 1024, act_rows = 4000;
constexpr std::uint64_t head_octets_max = 64 * 1024, piece_octets = 256 * 1024;

struct Body {
  store::Delivered delivered;
  store::BodyPlace place;
};

Result<Body> body_of(StoreView& store, const store::DeliveryRow& row) {
  const auto fact = store.archive->fact(row.place);
  if (!fact) return tl::unexpected(fact.error());
  const auto* delivered = std::get_if<store::Delivered>(&*fact);
  const auto message = store.index->message(row.message);
  if (!message) return tl::unexpected(message.error());
  if (!delivered || !*message) return store::fail(ErrorKind::damaged, "the index is of other volumes");
  const auto place = store.index->body((*message)->digest);
  if (!place) return tl::unexpected(place.error());
  if (!*place) return store::fail(ErrorKind::damaged, "its octets are in no volume; run guichet verify");
  return Body{*delivered, **place};
}

// Of the served form: the original's, or the one in the prefix when that has none.
Result<std::string> message_id_of(const StoreView& store, const Body& body) {
  std::string head(static_cast<std::size_t>(std::min(body.place.size_octets, head_octets_max)), '\0');
  if (auto got = store.archive->read(body.place, 0, head); !got) return tl::unexpected(got.error());
  const auto prefix = header_fields(body.delivered.form.prefix);
  if (const auto* derived = field(prefix, "message-id")) return bare_message_id(*derived);
  for (const auto& [name, value] : header_fields(head))
    if (name == "message-id" && !value.empty()) return bare_message_id(value);
  return "";
}

Result<std::string> checksum_of(const StoreView& store, const Body& body, ListedBy by) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), by == ListedBy::sha1 ? EVP_sha1() : EVP_md5(), nullptr);
  const auto add = [&](std::string_view octets) {
    EVP_DigestUpdate(context.get(), octets.data(), octets.size());
  };
  add(body.delivered.form.prefix);
  store::ServedTransform transform(body.delivered.form.rule);
  std::string piece;
  for (std::uint64_t at = 0; at < body.place.size_octets; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min(piece_octets, body.place.size_octets - at)));
    if (auto got = store.archive->read(body.place, at, piece); !got) return tl::unexpected(got.error());
    transform.feed(piece, add);
  }
  transform.finish(add);
  unsigned char sum[EVP_MAX_MD_SIZE], text[64];
  unsigned octets = 0;
  EVP_DigestFinal_ex(context.get(), sum, &octets);
  if (by == ListedBy::sha1) return store::hex({reinterpret_cast<const char*>(sum), octets});
  EVP_EncodeBlock(text, sum, static_cast<int>(octets));
  return std::string(reinterpret_cast<const char*>(text));
}

class Reconciliation {
 public:
  Reconciliation(StoreView& store, const ReconcileList& list, Instant since, Instant until)
      : store_(store), list_(list), unknown_(list.entries), since_(since), until_(until) {}

  Result<void> run() {
    for (std::optional<store::DeliveryKey> last;;) {
      const auto rows = store_.index->deliveries_after(last, page_rows);
      if (!rows) return tl::unexpected(rows.error());
      if (rows->empty()) return {};
      last = store::DeliveryKey{rows->back().message, rows->back().uid};
      for (const auto& row : *rows)
        if (row.state != store::DeliveryState::erased) judge(row);
    }
  }

  std::vector<store::DeliveryRow> found, missing;
  std::size_t damaged = 0;
  [[nodiscard]] std::size_t unknown() const { return unknown_.size(); }

 private:
  void judge(const store::DeliveryRow& row) {
    const bool over = row.state == store::DeliveryState::handed_over && row.handed_over_at &&
                      since_ <= *row.handed_over_at && *row.handed_over_at < until_;
    if (!over && unknown_.empty()) return;
    const auto body = body_of(store_, row);
    const auto key = !body                              ? Result<std::string>(tl::unexpected(body.error()))
                     : list_.by == ListedBy::message_id ? message_id_of(store_, *body)
                                                        : checksum_of(store_, *body, list_.by);
    if (!key) {
      complain("delivery " + row.uid.uuid.text() + ": " + key.error().text);
      ++damaged;
      return;
    }
    unknown_.erase(*key);
    if (over) (list_.entries.contains(*key) ? found : missing).push_back(row);
  }

  StoreView& store_;
  const ReconcileList& list_;
  std::set<std::string, std::less<>> unknown_;
  const Instant since_, until_;
};

Result<void> act_on(Acting& acting, const char* command, const std::string& reason,
                    const std::vector<store::DeliveryRow>& rows) {
  for (std::size_t at = 0; at < rows.size(); at += act_rows) {
    Json request{{"command", command}, {"reason", reason}, {"deliveries", Json::array()}};
    for (auto i = at; i < std::min(rows.size(), at + act_rows); ++i)
      request["deliveries"].push_back(Json::array({rows[i].message.uuid.text(), rows[i].uid.uuid.text()}));
    if (auto done = acting.act(std::move(request)); !done) return tl::unexpected(done.error());
  }
  std::cout << rows.size() << (command == std::string("confirm") ? " confirmed\n" : " offered again\n");
  return {};
}

Result<void> act_on(const conf::Settings& settings, const ReconcileOptions& options,
                    const Reconciliation& done) {
  if (!options.requeue && !options.confirm) return {};
  const auto acting = Acting::begin(settings);
  if (!acting) return tl::unexpected(acting.error());
  if (options.confirm)
    if (auto said = act_on(**acting, "confirm", "", done.found); !said) return said;
  return options.requeue ? act_on(**acting, "requeue", options.reason, done.missing) : Result<void>();
}

std::optional<Instant> moment_or(const std::string& text, Instant otherwise) {
  return text.empty() ? otherwise : parse_moment(text);
}

}  // namespace

int reconcile(const conf::Settings& settings, const ReconcileOptions& options) {
  const auto since = moment_or(options.since, {INT64_MIN}), until = moment_or(options.until, {INT64_MAX});
  if (!since || !until) return complain("no time (2026-11-22 18:54, in UTC)"), bad_usage;
  if (options.requeue && options.reason.empty()) return complain("--requeue needs a --reason"), bad_usage;
  std::ifstream stream(options.file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.is_open()) return complain(options.file.string() + ": " + std::strerror(errno));
  const auto list = parse_list(text);
  if (!list) return complain(options.file.string() + " is empty: nothing can be told from that");
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  Reconciliation done(*store, *list, *since, *until);
  if (auto run = done.run(); !run) return complain(run.error().text);
  for (const auto& row : done.missing)
    std::cout << "missing  " << row.message.uuid.text() << "  " << row.uid.uuid.text() << "  handed over "
              << row.handed_over_at->rfc3339() << "  " << plain(row.recipient) << '\n';
  std::cout << done.found.size() << " handed over and there, " << done.missing.size()
            << " handed over and missing, " << done.unknown() << " there that this store does not know, "
            << list->unreadable << " lines not understood\n";
  store->index.reset();
  if (auto acted = act_on(settings, options, done); !acted) return complain(acted.error().text);
  return done.missing.empty() && done.damaged == 0 ? 0 : 1;
}

}  // namespace guichet::cli
