// What `guichet verify` has to say, one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/types.h"

namespace guichet::store {

enum class FindingKind { note, damage };  // a torn tail or a lagging index is a note; exit 1 is for damage

struct Finding {
  FindingKind kind = FindingKind::damage;
  std::string where;  // "00000003.warc at 10240", "00000003.warc" or "index"
  std::string what;
  Place place = {};  // for programs: offset 0 when it is about the volume as a whole; volume 0: about none
  friend bool operator==(const Finding&, const Finding&) = default;
};

using Findings = std::vector<Finding>;

[[nodiscard]] std::string where(std::uint32_t volume);
[[nodiscard]] std::string where(Place place);

}  // namespace guichet::store
