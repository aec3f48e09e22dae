// A check of our own reasoning. It stays on in release: a session that has lost its place must not go on
// to acknowledge mail. What a peer does wrong is never a failed check, it is a Reply.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace guichet::smtpd {

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "smtpd: broken invariant: %s\n", what);
  std::abort();
}

}  // namespace guichet::smtpd
