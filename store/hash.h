// SHA-256, incremental (FIPS 180-4), by OpenSSL.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "store/types.h"

namespace guichet::store {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view octets);
  [[nodiscard]] Digest finish();  // and starts anew

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

[[nodiscard]] Digest sha256(std::string_view octets);

}  // namespace guichet::store
