// What the command line can say, as text: for the manual and for the completion of shells.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace guichet::cli {

struct OptionWords {
  std::vector<std::string> names;  // "--config", "-c"; of a positional argument none
  std::string value;               // "FILE"; "": a flag
  std::string summary;
  bool positional = false;
  bool required = false;
};

struct CommandPage {
  std::string path;  // "backup now"; "" of the program itself
  std::string summary;
  std::vector<OptionWords> options;
  std::vector<std::string> subcommands;  // their last words
};

// The program's own first, each group before what is in it, without what is not for people.
[[nodiscard]] std::vector<CommandPage> command_pages(const CLI::App& app);

}  // namespace guichet::cli
