#include "cli/raw.h"

#include <algorithm>
#include <iostream>

#include "cli/find_message.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "store/hash.h"

namespace guichet::cli {
namespace {

using store::BodyPlace;
using store::ErrorKind;
using store::Result;

Result<BodyPlace> place_of(StoreView& store, const store::MessageRow& row) {
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

Result<void> write_octets(const store::Archive& archive, const BodyPlace& body, const store::Digest& digest) {
  constexpr std::size_t piece_octets = 256 * 1024;
  store::Sha256 hash;
  std::string piece;
  for (std::uint64_t at = 0; at < body.size_octets && std::cout; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_octets, body.size_octets - at)));
    if (auto got = archive.read(body, at, piece); !got) return got;
    hash.update(piece);
    std::cout.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  }
  if (std::cout && hash.finish() != digest)
    return store::fail(ErrorKind::damaged, "what was written is damaged: the volume changed meanwhile");
  return {};
}

// Read twice: not one octet of a damaged message is given out as if it were what came.
Result<void> give(StoreView& store, const std::string& id) {
  const auto row = find_message(*store.index, id);
  if (!row) return tl::unexpected(row.error());
  const auto body = place_of(store, *row);
  if (!body) return tl::unexpected(body.error());
  if (auto sound = store.archive->check(*body, row->digest); !sound) return sound;
  return write_octets(*store.archive, *body, row->digest);
}

}  // namespace

int raw(const conf::Settings& settings, const std::string& id) {
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto given = give(*store, id);
  return given ? 0 : complain(given.error().text);
}

}  // namespace guichet::cli
