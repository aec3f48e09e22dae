// Whether what was just made durable can be read back as it was received.
//
// For who lists messages without reading them: a listed one that then cannot be read spoils its client's
// session. Costs a read from the machine's memory, where the octets still are, and a digest.
#pragma once

#include <span>
#include <vector>

#include "store/archive.h"
#include "store/index.h"

namespace guichet::store {

// For each delivery among the news whose body, also among them, is damaged: that it is stuck. Its place is
// that of the delivery. A body that cannot be read for the moment is taken for sound: it is read again before
// it is served.
[[nodiscard]] std::vector<NewFact> unreadable_among(const Archive& archive, std::span<const News> news);

}  // namespace guichet::store
