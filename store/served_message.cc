#include "store/served_message.h"

#include <algorithm>
#include <utility>

#include "store/hash.h"

namespace guichet::store {
namespace {

constexpr std::size_t piece_octets = 256 * 1024;

}  // namespace

Result<Delivered> delivered_at(const Archive& archive, Place place) {
  auto fact = archive.fact(place);
  if (!fact) return tl::unexpected(fact.error());
  auto* delivered = std::get_if<Delivered>(&*fact);
  if (!delivered) return fail(ErrorKind::damaged, "the record of a delivery is not one");
  return std::move(*delivered);
}

ServedMessage::ServedMessage(const Archive& archive, BodyPlace place, ServedForm form)
    : archive_(archive), place_(place), transform_(std::move(form.rule)), ready_(std::move(form.prefix)) {}

Result<std::unique_ptr<ServedMessage>> ServedMessage::open(Store& store, const WaitingRow& row) {
  auto delivered = delivered_at(store.archive(), row.place);
  if (!delivered) return tl::unexpected(delivered.error());
  const auto message = store.message(row.message);
  if (!message) return tl::unexpected(message.error());
  if (!*message) return fail(ErrorKind::damaged, "a delivery without its message");
  const auto& digest = (*message)->digest;
  const auto place = store.body(digest);
  if (!place) return tl::unexpected(place.error());
  if (!*place) return fail(ErrorKind::damaged, "a message without its body");
  std::unique_ptr<ServedMessage> opened(
      new ServedMessage(store.archive(), **place, std::move(delivered->form)));
  const bool small = (*place)->size_octets <= piece_octets;
  auto checked = small ? opened->read_small(digest) : store.archive().check(**place, digest);
  if (!checked) return tl::unexpected(checked.error());
  return opened;
}

// Read once, checked, transformed: nothing is left to do when it is asked for.
Result<void> ServedMessage::read_small(const Digest& digest) {
  std::string original(static_cast<std::size_t>(place_.size_octets), '\0');
  if (auto read = archive_.read(place_, 0, original); !read) return read;
  if (sha256(original) != digest) return fail(ErrorKind::damaged, "a body differs from its digest");
  ready_.reserve(ready_.size() + original.size() + 64);
  at_ = place_.size_octets;
  feed(original);
  finish();
  return {};
}

Result<std::string> ServedMessage::next() {
  while (ready_.size() < piece_octets && at_ < place_.size_octets) {
    std::string original(
        static_cast<std::size_t>(std::min<std::uint64_t>(piece_octets, place_.size_octets - at_)), '\0');
    if (auto read = archive_.read(place_, at_, original); !read) return tl::unexpected(read.error());
    at_ += original.size();
    feed(original);
    if (at_ == place_.size_octets) finish();
  }
  return std::exchange(ready_, {});
}

void ServedMessage::feed(std::string_view original) {
  transform_.feed(original, [this](std::string_view octets) { ready_.append(octets); });
}

void ServedMessage::finish() {
  if (std::exchange(finished_, true)) return;
  transform_.finish([this](std::string_view octets) { ready_.append(octets); });
}

}  // namespace guichet::store
