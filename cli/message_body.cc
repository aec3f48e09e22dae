#include "cli/message_body.h"

#include <algorithm>
#include <string>

#include "store/hash.h"

namespace guichet::cli {

using store::BodyPlace;
using store::ErrorKind;
using store::Result;

Result<BodyPlace> body_of(StoreView& store, const store::MessageRow& row) {
  const auto& digest = row.digest;
  if (const auto erased = store.index->is_erased(row.message); erased && *erased)
    return store::fail(ErrorKind::absent,
                       "message " + row.message.uuid.text() + " was erased; guichet show says when and why");
  auto body = store.index->body(digest);
  if (!body) return tl::unexpected(body.error());
  if (!*body)
    return store::fail(ErrorKind::damaged,
                       "the octets of sha256:" + digest.hex() + " are in no volume; run guichet verify");
  return **body;
}

static Result<void> give(const store::Archive& archive, const BodyPlace& body, const store::Digest& digest,
                         const OctetSink& sink) {
  constexpr std::size_t piece_octets = 256 * 1024;
  store::Sha256 hash;
  std::string piece;
  for (std::uint64_t at = 0; at < body.size_octets; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_octets, body.size_octets - at)));
    if (auto got = archive.read(body, at, piece); !got) return got;
    hash.update(piece);
    if (!sink(piece)) return {};
  }
  if (hash.finish() != digest)
    return store::fail(ErrorKind::damaged, "what was written is damaged: the volume changed meanwhile");
  return {};
}

Result<void> read_body(StoreView& store, const store::MessageRow& row, const OctetSink& sink) {
  const auto body = body_of(store, row);
  if (!body) return tl::unexpected(body.error());
  if (auto sound = store.archive->check(*body, row.digest); !sound) return sound;
  return give(*store.archive, *body, row.digest, sink);
}

}  // namespace guichet::cli
