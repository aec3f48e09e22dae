// Secrets and passwords stand in files of their own.
#pragma once

#include <filesystem>
#include <string>

#include <tl/expected.hpp>

namespace guichet::cli {

// The first line of a file that the operator named; the error is one line for the operator.
[[nodiscard]] tl::expected<std::string, std::string> first_line(const std::filesystem::path& file,
                                                                const char* what);

}  // namespace guichet::cli
