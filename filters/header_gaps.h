// Whether a message shows all of its header (filters/message.h leaves out what is too large). Who concludes
// from the absence of a field, or counts fields from the bottom, asks first.
#pragma once

#include "filters/message.h"

namespace guichet::filters {

[[nodiscard]] bool has_fields_left_out(const Message& message);

}  // namespace guichet::filters
