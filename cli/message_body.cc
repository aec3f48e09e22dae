#include "cli/message_body.h"

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
                         const store::Archive::OctetSink& sink) {
  store::Sha256 hash;
  bool wanted = true;
  auto got = archive.read(body, [&](std::string_view octets) {
    hash.update(octets);
    return wanted = sink(octets);
  });
  if (!got || !wanted) return got;
  if (hash.finish() != digest)
    return store::fail(ErrorKind::damaged, "what was written is damaged: the volume changed meanwhile");
  return {};
}

Result<void> read_body(StoreView& store, const store::MessageRow& row,
                       const store::Archive::OctetSink& sink) {
  const auto body = body_of(store, row);
  if (!body) return tl::unexpected(body.error());
  if (auto sound = store.archive->check(*body, row.digest); !sound) return sound;
  return give(*store.archive, *body, row.digest, sink);
}

}  // namespace guichet::cli
