// What filters found out about a message, for people: the page of `show` and `judge`.
#pragma once

#include <nlohmann/json.hpp>

namespace guichet::cli {

// `findings`: as filters/verdict.h writes them into the archive. Other members of later releases are left
// out.
void print_findings(const nlohmann::ordered_json& findings);

// One line a part: its number, type, size, name, and what is special about it.
void print_parts(const nlohmann::ordered_json& findings);

}  // namespace guichet::cli
