#include "store/elsewhere.h"

#include <algorithm>

#include "store/lineage.h"
#include "store/projection.h"

namespace guichet::store {
namespace {

// The end of the last sealed volume of the store's own chain: the index must be there at least. The volume
// that is being written is always read, so nobody asks what is in it.
Result<Place> sealed_end(const Archive& archive) {
  const auto volumes = archive.all_volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  Place end;
  for (const auto& volume : *volumes) {
    if (lineage_of(volume.number) != 0) continue;
    const auto file = archive.open(volume.number);
    if (!file) return tl::unexpected(file.error());
    if (!(*file)->is_read_only().value_or(false)) continue;
    end = std::max(end, Place{volume.number, (*file)->size().value_or(0)});
  }
  return end;
}

}  // namespace

Result<std::unique_ptr<Elsewhere>> Elsewhere::open(const Archive& archive) {
  const auto end = sealed_end(archive);
  if (!end) return tl::unexpected(end.error());
  auto index = IndexReader::open(index_file(archive.folder()));
  if (!index) return tl::unexpected(index.error());
  const auto position = (*index)->position();
  if (!position) return tl::unexpected(position.error());
  if (!*position || (*position)->end < *end)
    return fail(ErrorKind::absent, "the index is behind the volumes; the gateway brings it up to date");
  return std::unique_ptr<Elsewhere>(new Elsewhere(archive, std::move(*index)));
}

std::optional<BodyPlace> Elsewhere::body(const Digest& digest) {
  const auto row = index_->body(digest);
  if (!row || !*row || is_read((*row)->begin())) return std::nullopt;
  return **row;
}

std::optional<Elsewhere::Message> Elsewhere::message(const MessageId& id) {
  const auto row = index_->message(id);
  if (!row || !*row || is_read((*row)->place)) return std::nullopt;
  const auto fact = archive_.fact((*row)->place);
  if (!fact || message_of(*fact) != id) return std::nullopt;
  if (const auto* received = std::get_if<Received>(&*fact))
    return Message{**row, received->digest, received->size_octets};
  const auto* erased = std::get_if<Erased>(&*fact);
  return erased ? std::optional(Message{**row, erased->digest, erased->size_octets}) : std::nullopt;
}

bool Elsewhere::delivery(const MessageId& id, const Uid& uid) {
  const auto rows = index_->deliveries(id);
  if (!rows) return false;
  const auto row =
      std::find_if(rows->begin(), rows->end(), [&uid](const auto& known) { return known.uid == uid; });
  if (row == rows->end() || is_read(row->place)) return false;
  const auto fact = archive_.fact(row->place);
  if (!fact) return false;
  const auto* delivered = std::get_if<Delivered>(&*fact);
  return delivered ? delivered->uid == uid : std::holds_alternative<Erased>(*fact) && message_of(*fact) == id;
}

bool Elsewhere::is_erased(const MessageId& id) {
  return index_->is_erased(id).value_or(false);
}

}  // namespace guichet::store
