// File descriptors are shared by connections and the store's files: connections leave a reserve.
#pragma once

namespace guichet::net {

// Raises the soft limit of this process to what is wanted, or as far as the hard limit lets it; returns what
// the limit is then. Never lowers it.
unsigned raise_descriptor_limit(unsigned wanted);

// A new descriptor has the lowest number that is free: a connection whose number is not below this one would
// be one of the last, and is sent away, so that at least a part of the limit is left for files.
[[nodiscard]] unsigned connection_descriptors_max(unsigned limit);

}  // namespace guichet::net
