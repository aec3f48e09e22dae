#include "filters/findings.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace guichet::filters {
namespace {

constexpr std::array<std::string_view, 8> result_names{"none",   "pass",    "fail",      "softfail",
                                                       "policy", "neutral", "temperror", "permerror"};

}  // namespace

std::string_view name_of(AuthResult result) {
  return result_names.at(static_cast<std::size_t>(result));
}

std::optional<AuthResult> auth_result_of(std::string_view name) {
  const auto found = std::find(result_names.begin(), result_names.end(), name);
  if (found == result_names.end()) return std::nullopt;
  return static_cast<AuthResult>(found - result_names.begin());
}

}  // namespace guichet::filters
