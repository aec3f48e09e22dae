// Runs a Python script of this folder that holds a second opinion: a program that nobody here wrote.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace guichet::filters {

// The lines that it prints. nullopt: the modules that it needs are not installed for any interpreter here (it
// exits 77 then). `input`, if not empty, is a file for its standard input.
inline std::optional<std::vector<std::string>> lines_of_script(const std::string& name,
                                                               const std::string& input = "") {
  const char* source = std::getenv("GUICHET_SOURCE");
  const std::string script = std::string(source ? source : ".") + "/tests/filters/" + name;
  for (const std::string python : {"python3", "/usr/bin/python3"}) {
    const auto command = python + " '" + script + "' < " + (input.empty() ? "/dev/null" : "'" + input + "'");
    FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) continue;
    std::string text;
    std::array<char, 65536> piece{};
    for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
      text.append(piece.data(), got);
    const int status = ::pclose(pipe);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) continue;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      lines.push_back(text.substr(at, end - at));
      at = end == std::string::npos ? text.size() : end + 1;
    }
    return lines;
  }
  return std::nullopt;
}

}  // namespace guichet::filters
