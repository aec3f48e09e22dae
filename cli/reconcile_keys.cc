#include "cli/reconcile_keys.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "cli/header_fields.h"

namespace guichet::cli {
namespace {

using store::ErrorKind;
using store::Result;

constexpr std::uint64_t head_octets_max = 64 * 1024;

}  // namespace

Result<DeliveryOctets> octets_of(StoreView& store, const store::DeliveryRow& row) {
  const auto fact = store.archive->fact(row.place);
  if (!fact) return tl::unexpected(fact.error());
  const auto* delivered = std::get_if<store::Delivered>(&*fact);
  const auto message = store.index->message(row.message);
  if (!message) return tl::unexpected(message.error());
  if (!delivered || !*message) return store::fail(ErrorKind::damaged, "the index is of other volumes");
  const auto place = store.index->body((*message)->digest);
  if (!place) return tl::unexpected(place.error());
  if (!*place) return store::fail(ErrorKind::damaged, "its octets are in no volume; run guichet verify");
  return DeliveryOctets{*delivered, (*message)->digest, **place};
}

Result<std::string> message_id_of(const StoreView& store, const DeliveryOctets& delivery) {
  std::string head(static_cast<std::size_t>(std::min(delivery.place.size_octets, head_octets_max)), '\0');
  if (auto got = store.archive->read(delivery.place, 0, head); !got) return tl::unexpected(got.error());
  const auto prefix = header_fields(delivery.delivered.form.prefix);
  if (const auto* derived = field(prefix, "message-id")) return bare_message_id(*derived);
  for (const auto& [name, value] : header_fields(head))
    if (name == "message-id" && !value.empty()) return bare_message_id(value);
  return "";
}

Result<std::string> checksum_of(const StoreView& store, const DeliveryOctets& delivery, ListedBy by) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), by == ListedBy::sha1 ? EVP_sha1() : EVP_md5(), nullptr);
  const auto add = [&](std::string_view octets) {
    EVP_DigestUpdate(context.get(), octets.data(), octets.size());
  };
  add(delivery.delivered.form.prefix);
  store::ServedTransform transform(delivery.delivered.form.rule);
  const auto got = store.archive->read(
      delivery.place, [&](std::string_view octets) { return transform.feed(octets, add), true; });
  if (!got) return tl::unexpected(got.error());
  transform.finish(add);
  unsigned char sum[EVP_MAX_MD_SIZE], text[64];
  unsigned octets = 0;
  EVP_DigestFinal_ex(context.get(), sum, &octets);
  if (by == ListedBy::sha1) return store::hex({reinterpret_cast<const char*>(sum), octets});
  EVP_EncodeBlock(text, sum, static_cast<int>(octets));
  return std::string(reinterpret_cast<const char*>(text));
}

}  // namespace guichet::cli
