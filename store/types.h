// The store's words: digests, identities, instants. Values; nothing here touches a clock or a disk.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace guichet::store {

// SHA-256 of exact octets. Text form: 64 lower-case hexadecimal digits.
struct Digest {
  std::array<std::uint8_t, 32> octets{};

  [[nodiscard]] std::string hex() const;
  void append_hex(std::string& out) const;
  [[nodiscard]] static std::optional<Digest> from_hex(std::string_view text);
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

// RFC 9562. Text form: 36 octets, lower case. The ids of this store are version 7: they sort by time.
struct Uuid {
  std::array<std::uint8_t, 16> octets{};

  [[nodiscard]] std::string text() const;
  void append_text(std::string& out) const;
  [[nodiscard]] static std::optional<Uuid> from_text(std::string_view text);
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// A message as it was received once; the same octets received again are another message.
struct MessageId {
  Uuid uuid;
  friend auto operator<=>(const MessageId&, const MessageId&) = default;
};

// A delivery to one recipient. Its text is the UID that POP3 shows (RFC 1939 section 7): unique for ever,
// since it is minted and never derived from content, and never shaped like Dovecot's 16 hexadecimal digits.
struct Uid {
  Uuid uuid;
  friend auto operator<=>(const Uid&, const Uid&) = default;
};

// Microseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t unix_us = 0;

  [[nodiscard]] std::string rfc3339() const;  // 2026-11-22T18:54:00.123456Z
  void append_rfc3339(std::string& out) const;
  [[nodiscard]] static std::optional<Instant> from_rfc3339(std::string_view text);
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

// Where a record begins: volume number (from 1) and offset in octets.
struct Place {
  std::uint32_t volume = 0;
  std::uint64_t offset = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

}  // namespace guichet::store

template <>
struct std::hash<guichet::store::Digest> {
  std::size_t operator()(const guichet::store::Digest& digest) const noexcept;
};
