// A check of our own reasoning. It stays on in release: a store that is wrong about itself must not go on.
#pragma once

#include <cstdio>
#include <cstdlib>

#define GUICHET_CHECK(condition)                                                                        \
  do {                                                                                                  \
    if (!(condition)) {                                                                                 \
      std::fprintf(stderr, "guichet: broken invariant at %s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                                     \
    }                                                                                                   \
  } while (false)
