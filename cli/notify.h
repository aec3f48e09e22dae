// sd_notify(3), the protocol of which is one datagram to the socket that $NOTIFY_SOCKET names. Nothing
// without it.
#pragma once

#include <string_view>

namespace guichet::cli {

void notify_service_manager(std::string_view state);  // "READY=1", "STOPPING=1"

}  // namespace guichet::cli
