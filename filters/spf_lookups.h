// The questions of one SPF evaluation, counted (RFC 7208 4.6.4). Of no use to anything but spf.cc and
// spf_mechanisms.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "filters/findings.h"
#include "filters/names.h"
#include "filters/spf.h"

namespace guichet::filters {

// What ends an evaluation at once.
struct SpfError {
  AuthResult result = AuthResult::permerror;  // or temperror
  std::string why;                            // in words
};

template <class T>
using SpfOr = tl::expected<T, SpfError>;

[[nodiscard]] tl::unexpected<SpfError> spf_permerror(std::string why);
[[nodiscard]] tl::unexpected<SpfError> spf_temperror(std::string why);

// RFC 1035 2.3.4, and at least two labels (RFC 7208 4.3). Other octets than letters may stand in it, but for
// NUL, which would end it early, and the backslash, which resolvers read as an escape.
[[nodiscard]] bool is_dns_name(std::string_view name);

class SpfLookups {
 public:
  SpfLookups(Names& names, const SpfLimits& limits) : names_(names), limits_(limits) {}

  // Before each term that asks.
  [[nodiscard]] SpfOr<void> count_term();

  // The answer to what was asked before is kept. An error: too many questions or void look-ups. `name` is a
  // DNS name.
  [[nodiscard]] SpfOr<NameAnswer> ask(std::string name, NameType type);
  // The same where an answer must be had: one that failed is a temperror (RFC 7208 5).
  [[nodiscard]] SpfOr<NameAnswer> ask_surely(const std::string& name, NameType type);

  // RFC 7208 6.2: the result stands; nothing that is asked for its explanation may change it.
  void result_stands() { counts_voids_ = false; }

  [[nodiscard]] unsigned terms() const { return terms_; }
  [[nodiscard]] unsigned voids() const { return voids_; }
  [[nodiscard]] const SpfLimits& limits() const { return limits_; }

 private:
  [[nodiscard]] SpfOr<NameAnswer> answer(const NameQuestion& question);

  Names& names_;
  const SpfLimits& limits_;
  std::map<std::pair<std::string, NameType>, NameAnswer> known_;
  unsigned terms_ = 0, voids_ = 0, queries_ = 0;
  bool counts_voids_ = true;
};

}  // namespace guichet::filters
