// The maildrop as it was at login, and the marks DELE has put on it (RFC 1939 sections 3 and 5).
//
// Numbers run from 1 and never move within a session. Nothing here removes a message: a mark is a wish, which
// QUIT hands to the store and which dies with the session otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace guichet::popd {

// One line of the maildrop as it was at login: fixed for the session (RFC 1939 section 3).
struct Entry {
  std::string uid;  // 1 to 70 octets 0x21 to 0x7E (RFC 1939 section 7, UIDL): the store's promise
  std::uint64_t size_octets = 0;  // of the served form, CRLF line ends, before stuffing
};

class Snapshot {
 public:
  enum class Presence { listed, deleted, absent };

  explicit Snapshot(std::vector<Entry> entries);

  // Of any number a client may name.
  [[nodiscard]] Presence presence(std::uint64_t number) const;

  // `number` from 1 to highest(), here and below.
  [[nodiscard]] const Entry& entry(std::size_t number) const;
  [[nodiscard]] bool listed(std::size_t number) const;
  void mark_deleted(std::size_t number);
  void unmark_all();

  [[nodiscard]] std::size_t highest() const;       // the last message number, marked or not
  [[nodiscard]] std::size_t listed_count() const;  // without the marked ones, here and below
  [[nodiscard]] std::uint64_t listed_octets() const;
  [[nodiscard]] std::vector<std::size_t> deleted() const;  // in ascending order

 private:
  std::vector<Entry> entries_;
  std::vector<bool> deleted_;
  std::size_t listed_count_ = 0;
  std::uint64_t listed_octets_ = 0;
};

}  // namespace guichet::popd
