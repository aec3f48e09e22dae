#include "cli/first_line.h"

#include <fstream>

namespace guichet::cli {

tl::expected<std::string, std::string> first_line(const std::filesystem::path& file, const char* what) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line) || line.empty())
    return tl::unexpected("cannot read the " + std::string(what) + " from " + file.string() +
                          ": give it one line, readable by the gateway");
  if (line.back() == '\r') line.pop_back();
  return line;
}

}  // namespace guichet::cli
