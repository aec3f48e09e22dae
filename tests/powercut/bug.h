// Put in front of the sources that a mutant changes (mutants.py); no part of any build of Guichet itself.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <cstring>

// Whether the bug of this name is to be had. All bugs are in one binary; without the variable it has none.
inline bool powercut_bug(const char* name) {
  static const char* const chosen = std::getenv("GUICHET_POWERCUT_BUG");
  return chosen != nullptr && std::strcmp(chosen, name) == 0;
}

// A disk that takes its time between a lie and its truth, as disks do.
inline void powercut_pause() {
  ::usleep(2000);
}
