#include "popd/served_reader.h"

#include <algorithm>

#include "store/hash.h"

namespace guichet::popd {
namespace {

constexpr std::size_t piece_octets = 256 * 1024;
constexpr std::uint64_t group_octets_max = 1 << 20;

store::Result<store::Delivered> delivery_at(store::Store& store, store::Place place) {
  auto fact = store.archive().fact(place);
  if (!fact) return tl::unexpected(fact.error());
  auto* delivered = std::get_if<store::Delivered>(&*fact);
  if (!delivered) return store::fail(store::ErrorKind::damaged, "the record of a delivery is not one");
  return std::move(*delivered);
}

}  // namespace

ServedMessage::ServedMessage(const store::Archive& archive, store::BodyPlace place, store::ServedForm form)
    : archive_(archive), place_(place), transform_(std::move(form.rule)), ready_(std::move(form.prefix)) {}

store::Result<std::unique_ptr<ServedMessage>> ServedMessage::open(store::Store& store,
                                                                  const store::WaitingRow& row) {
  auto delivered = delivery_at(store, row.place);
  if (!delivered) return tl::unexpected(delivered.error());
  const auto message = store.message(row.message);
  if (!message) return tl::unexpected(message.error());
  if (!*message) return store::fail(store::ErrorKind::damaged, "a delivery without its message");
  const auto& digest = (*message)->digest;
  const auto place = store.body(digest);
  if (!place) return tl::unexpected(place.error());
  if (!*place) return store::fail(store::ErrorKind::damaged, "a message without its body");
  std::unique_ptr<ServedMessage> opened(
      new ServedMessage(store.archive(), **place, std::move(delivered->form)));
  const bool small = (*place)->size_octets <= piece_octets;
  auto checked = small ? opened->read_small(digest) : store.archive().check(**place, digest);
  if (!checked) return tl::unexpected(checked.error());
  return opened;
}

// Read once, checked, transformed: nothing is left to do when it is asked for.
store::Result<void> ServedMessage::read_small(const store::Digest& digest) {
  std::string original(static_cast<std::size_t>(place_.size_octets), '\0');
  if (auto read = archive_.read(place_, 0, original); !read) return read;
  if (store::sha256(original) != digest)
    return store::fail(store::ErrorKind::damaged, "a body differs from its digest");
  ready_.reserve(ready_.size() + original.size() + 64);
  at_ = place_.size_octets;
  feed(original);
  finish();
  return {};
}

store::Result<std::string> ServedMessage::next() {
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

// --- Shelf ---------------------------------------------------------------------------------------------

std::unique_ptr<Shelf::Ready> Shelf::take(std::size_t number) {
  while (!ready_.empty() && ready_.front().number < number)
    ready_.pop_front();
  if (ready_.empty() || ready_.front().number != number) return nullptr;
  auto taken = std::make_unique<Ready>(std::move(ready_.front()));
  ready_.pop_front();
  expected_ = number + 1;
  return taken;
}

std::size_t Shelf::group(std::size_t number) {
  group_ = number == expected_ ? std::min(group_ * 2, group_max) : 1;
  return group_;
}

void Shelf::put(std::vector<Ready> ready) {
  ready_.clear();
  std::move(ready.begin(), ready.end(), std::back_inserter(ready_));
}

std::vector<Shelf::Ready> open_group(store::Store& store, const std::vector<store::WaitingRow>& rows,
                                     std::size_t first, std::size_t count) {
  std::vector<Shelf::Ready> opened;
  std::uint64_t octets = 0;
  for (auto number = first; number <= rows.size() && opened.size() < count; ++number) {
    const auto& row = rows[number - 1];
    octets += row.size_octets;
    if (!opened.empty() && octets > group_octets_max) break;
    opened.push_back({number, ServedMessage::open(store, row)});
  }
  return opened;
}

}  // namespace guichet::popd
