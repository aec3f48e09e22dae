// The certificates of a port as they are now: read from their files, and read again when these change. A
// session goes on with what it began with.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "net/tls.h"

namespace guichet::net {

class Certificates {
 public:
  // At least one pair; the first is the default (TlsContext). The error is one line: which file, what is
  // wrong.
  [[nodiscard]] static tl::expected<std::shared_ptr<Certificates>, std::string> open(
      std::vector<CertificateFiles> files);

  // For a new connection. From any thread.
  [[nodiscard]] std::shared_ptr<const TlsContext> current() const;

  // One that is served: where it was read, and what.
  struct Served {
    CertificateFiles files;
    std::shared_ptr<const TlsIdentity> identity;
  };
  [[nodiscard]] std::vector<Served> served() const;
  // The one that a client gets who asks for this name.
  [[nodiscard]] Served for_name(std::string_view name) const;

  struct Refreshed {
    std::vector<Served> renewed;        // another certificate than before is served from now on
    std::vector<std::string> troubles;  // one line each: what could not be used, and that the old one stays
  };
  // Reads the pairs again whose files are not those that were read. A pair that cannot be used (half of it is
  // written, the key is another's) keeps what it had, and holds up no other. `all`: reads every pair, which
  // also makes a new key for tickets. From any thread.
  Refreshed refresh(bool all);

 private:
  // Whether a file is the one that was read: its place, size and times, through symbolic links, which is what
  // certbot exchanges. No octet is read for it.
  struct Stamp {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = -1, modified_ns = 0, changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Pair {
    Served served;
    std::array<Stamp, 2> stamps;  // taken before it was read
  };

  explicit Certificates(std::vector<Pair> pairs);
  static Stamp stamp_of(const std::filesystem::path& file);
  static tl::expected<Pair, std::string> read(const CertificateFiles& files);
  static bool changed(const Pair& pair);
  void serve();

  mutable std::mutex refreshing_;  // reading files may take long: new connections do not wait for it
  std::vector<Pair> pairs_;        // under refreshing_
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> current_;  // under mutex_
};

}  // namespace guichet::net
