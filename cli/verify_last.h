// `guichet verify --last`: what is known of the store's health without reading it.
#pragma once

#include "store/archive.h"

namespace guichet::cli {

// 0: no damage is known; 1: there is some.
int verify_last(const store::Archive& archive, bool as_json);

}  // namespace guichet::cli
