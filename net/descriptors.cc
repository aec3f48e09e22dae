#include "net/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace guichet::net {
namespace {

constexpr unsigned reserve_max = 256;
constexpr rlim_t infinite = 1u << 30;

}  // namespace

unsigned raise_descriptor_limit(unsigned wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlimit raised{std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, wanted)), limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<unsigned>(std::min(limit.rlim_cur, infinite));
}

unsigned connection_descriptors_max(unsigned limit) {
  return limit - std::min(limit / 4, reserve_max);
}

}  // namespace guichet::net
