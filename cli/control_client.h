// Asks the running gateway to do what only the writer of the store may do.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "store/error.h"
#include "store/index.h"

namespace guichet::cli {

// Where the gateway listens: a unix stream socket in its store. One JSON line asks, one JSON line answers.
[[nodiscard]] std::filesystem::path control_socket(const std::filesystem::path& store);

// Whether a gateway runs on this store. Asks it nothing.
[[nodiscard]] bool gateway_listens(const std::filesystem::path& store);

// Any question (acts.h). The answer's "ok" is true; when the gateway says no, its "error" is the error here.
// busy: no gateway answers. Blocks until it does.
// `attached`: a descriptor that goes with the question, for what is too large for JSON; -1: none.
[[nodiscard]] store::Result<nlohmann::ordered_json> ask_gateway(const std::filesystem::path& store,
                                                                const nlohmann::ordered_json& question,
                                                                int attached = -1);

// {"command":"index rebuild"} → {"ok":true,"messages":n,"bodies":n,"deliveries":n,"waiting":n} or
// {"ok":false,"error":"…"} Blocks until the gateway answers, however long the work takes.
[[nodiscard]] store::Result<store::IndexCounts> ask_for_index_rebuild(const std::filesystem::path& store);

// {"command":"history"} → {"ok":true,"left":n}: takes one more volume of another lineage (store/lineage.h)
// into the index, and says how many are left.
[[nodiscard]] store::Result<std::uint64_t> ask_to_take_in_history(const std::filesystem::path& store);

// {"command":"counters"} → {"ok":true,"counters":{NAME:n}}: net/counters.h of the gateway, by name.
[[nodiscard]] store::Result<nlohmann::ordered_json> ask_for_counters(const std::filesystem::path& store);

// {"command":"index wait"} → {"ok":true}: the index holds all that was acknowledged before. Gives up after a
// few seconds: the gateway may be in the middle of a rebuild.
[[nodiscard]] store::Result<void> ask_for_current_index(const std::filesystem::path& store);

}  // namespace guichet::cli
