#include "popd/shelf.h"

#include <algorithm>
#include <utility>

namespace guichet::popd {
namespace {

constexpr std::uint64_t group_octets_max = 1 << 20;

}  // namespace

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
    opened.push_back({number, store::ServedMessage::open(store, row)});
  }
  return opened;
}

}  // namespace guichet::popd
