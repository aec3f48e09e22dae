// One value of the document against the form its option declares.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "conf/document.h"
#include "conf/option.h"
#include "conf/report.h"

namespace guichet::conf {

// What relative paths are relative to, absolute itself.
struct Folders {
  std::filesystem::path file;     // for what stands in the file
  std::filesystem::path current;  // for what was given on the command line
};

// The value ready to be stored, paths made absolute. Nothing, and a mistake in the report, when it has the
// wrong type. A value that is merely wrong is returned all the same, so that checks across keys can go on
// without finding fault with what is missing.
[[nodiscard]] std::optional<Value> read_value(const Option& option, const Node& node, const std::string& path,
                                              const Folders& folders, Report& report);

}  // namespace guichet::conf
